// A clock that only moves when it is set. For tests and measurements.
#pragma once

#include <atomic>
#include <chrono>

#include "core/services/jobs/job_clock.hpp"

namespace mortise::services {

class MovedClock final : public JobClock {
 public:
  explicit MovedClock(std::int64_t start) : now_(start), monotonic_(start) {}
  std::int64_t now() const override { return now_.load(); }
  std::int64_t monotonic() const override { return monotonic_.load(); }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& wake, std::int64_t until) override {
    // The clock is set without the lock, so a wake-up could be missed: check again shortly.
    if (now() < until) wake.wait_for(lock, std::chrono::milliseconds(1));
  }
  void advance(std::int64_t micros) {
    monotonic_.fetch_add(micros);
    now_.fetch_add(micros);
  }
  void set(std::int64_t micros) { advance(micros - now_.load()); }
  // As an operator or NTP does: time itself goes on as before. Negative: back.
  void correct(std::int64_t micros) { now_.fetch_add(micros); }

 private:
  std::atomic<std::int64_t> now_, monotonic_;
};

}  // namespace mortise::services
