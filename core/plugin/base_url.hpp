// The URL of this server for clients, known only once it listens, which is after its modules have started.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>
#include <utility>

#include "mortise/abi/base.h"

namespace mortise::plugin {

class BaseUrl {
 public:
  // Once.
  void publish(std::string url) {
    if (value() != nullptr) throw std::logic_error("the base URL was published before");
    url_ = std::move(url);
    value_.type = MORTISE_TEXT;
    value_.as.text = {url_.data(), url_.size()};
    known_.store(true, std::memory_order_release);
  }
  // Null before; then always the same. Any thread.
  const mortise_value* value() const { return known_.load(std::memory_order_acquire) ? &value_ : nullptr; }

 private:
  std::string url_;
  mortise_value value_{};
  std::atomic<bool> known_{false};
};

}  // namespace mortise::plugin
