// Keeps callers from waiting one after another for a peer that does not answer: after a failure calls fail at once for
// a short while, then one goes through as a probe.
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

  // False: fail at once. True: go on, and say how it ended.
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
  // True for the call that changed it.
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
