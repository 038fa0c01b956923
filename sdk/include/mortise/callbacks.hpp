// Where functions that were handed to the kernel live until it has called them for the last time. Nothing here is for
// module authors.
#pragma once

#include <mutex>

#include "mortise/abi/module.h"

namespace mortise::inline sdk1::detail {

struct KeptCallback {
  virtual ~KeptCallback() = default;
  mortise_host* host() const noexcept { return host_; }

 private:
  friend class KeptCallbacks;
  mortise_host* host_ = nullptr;
  KeptCallback* next_ = nullptr;
  KeptCallback* before_ = nullptr;
};

// A module that is stopped gets no callbacks any more, not even the last one; what waits here then goes with the
// module.
class KeptCallbacks {
 public:
  static KeptCallbacks& instance() {
    static KeptCallbacks callbacks;
    return callbacks;
  }
  void add(mortise_host* host, KeptCallback* callback) {
    const std::lock_guard lock(mutex_);
    callback->host_ = host;
    callback->next_ = first_;
    if (first_ != nullptr) first_->before_ = callback;
    first_ = callback;
  }
  // The caller owns it again.
  template <class Callback>
  Callback* take(Callback* callback) {
    const std::lock_guard lock(mutex_);
    unlink(callback);
    return callback;
  }
  // Frees what belongs to `host`.
  void clear(mortise_host* host) {
    while (auto* gone = takeOneOf(host)) delete gone;  // outside the lock: it may hold anything
  }

 private:
  KeptCallback* takeOneOf(mortise_host* host) {
    const std::lock_guard lock(mutex_);
    auto* callback = first_;
    while (callback != nullptr && callback->host_ != host) callback = callback->next_;
    if (callback != nullptr) unlink(callback);
    return callback;
  }
  void unlink(KeptCallback* callback) {
    if (callback->before_ != nullptr) callback->before_->next_ = callback->next_;
    if (callback->next_ != nullptr) callback->next_->before_ = callback->before_;
    if (first_ == callback) first_ = callback->next_;
    callback->next_ = callback->before_ = nullptr;
  }

  std::mutex mutex_;
  KeptCallback* first_ = nullptr;
};

}  // namespace mortise::inline sdk1::detail
