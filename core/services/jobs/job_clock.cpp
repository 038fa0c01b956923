#include "core/services/jobs/job_clock.hpp"

#include <algorithm>
#include <chrono>

#include "core/base/identifiers.hpp"

namespace mortise::services {
namespace {

class SystemClock final : public JobClock {
 public:
  std::int64_t now() const override { return nowMicros(); }
  std::int64_t monotonic() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& wake, std::int64_t until) override {
    // A change of the clock is noticed within this time.
    constexpr std::int64_t kMaxWait = 2'000'000;
    const auto length = std::clamp<std::int64_t>(until - now(), 0, kMaxWait);
    wake.wait_for(lock, std::chrono::microseconds(length));
  }
};

}  // namespace

JobClock& JobClock::system() {
  static SystemClock clock;
  return clock;
}

}  // namespace mortise::services
