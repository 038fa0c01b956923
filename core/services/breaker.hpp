// A circuit breaker: after a failure of a peer, calls fail at once for a short while instead of waiting one after
// another; then one call goes through as a probe.
#pragma once

#include <chrono>
#include <mutex>
#include <utility>

namespace mortise::services {

// [any thread]
class Breaker {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Breaker(std::chrono::milliseconds pause) : pause_(pause) {}

  // Returns false: fail at once. Returns true: continue, and report the result.
  bool admits(Clock::time_point now = Clock::now()) {
    const std::lock_guard lock(mutex_);
    if (!open_) return true;
    if (now < nextProbe_) return false;
    nextProbe_ = now + pause_ + kProbe;  // should the probe never report
    return true;
  }
  bool open() const {
    const std::lock_guard lock(mutex_);
    return open_;
  }
  // Returns true for the call that changed the state.
  bool succeeded() {
    const std::lock_guard lock(mutex_);
    return std::exchange(open_, false);
  }
  bool failed(Clock::time_point now = Clock::now()) {
    const std::lock_guard lock(mutex_);
    nextProbe_ = now + pause_;
    return !std::exchange(open_, true);
  }

 private:
  static constexpr std::chrono::seconds kProbe{2};
  const std::chrono::milliseconds pause_;
  mutable std::mutex mutex_;
  bool open_ = false;
  Clock::time_point nextProbe_{};
};

}  // namespace mortise::services
