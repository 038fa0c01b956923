#include "core/services/jobs/clock_watch.hpp"

#include <gtest/gtest.h>

#include "core/services/jobs/moved_clock_testing.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kMillisecond = 1000;
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

// Its reader is held up after a reading, as by a busy machine.
class BusyClock final : public JobClock {
 public:
  std::int64_t now() const override { return pausing(clock_.now(), afterNow); }
  std::int64_t monotonic() const override { return pausing(clock_.monotonic(), afterMonotonic); }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& wake, std::int64_t until) override {
    clock_.wait(lock, wake, until);
  }
  MovedClock& time() { return clock_; }

  // How often, and for how long each time.
  mutable int afterNow = 0;
  mutable int afterMonotonic = 0;
  std::int64_t pause = 3 * kSecond;

 private:
  std::int64_t pausing(std::int64_t reading, int& times) const {
    if (times > 0) {
      --times;
      clock_.advance(pause);
    }
    return reading;
  }

  mutable MovedClock clock_{1'000'000 * kSecond};
};

TEST(ClockWatchTest, StepsBackAreNoticedOnce) {
  MovedClock clock(1'000'000 * kSecond);
  ClockWatch watch(clock);
  EXPECT_EQ(watch.setBack(), 0);
  for (const auto step : {kHour, 24 * kHour, kHour * 24 * 365, kSecond, 101 * kMillisecond}) {
    clock.advance(7 * kSecond);
    EXPECT_EQ(watch.setBack(), 0);
    clock.correct(-step);
    clock.advance(kSecond);
    EXPECT_EQ(watch.setBack(), step);
    EXPECT_EQ(watch.setBack(), 0);
  }
}

TEST(ClockWatchTest, TimeThatPassesAndStepsForwardAreNone) {
  MovedClock clock(1'000'000 * kSecond);
  ClockWatch watch(clock);
  for (const auto step : {kHour, 24 * kHour, kSecond, kMillisecond}) {
    clock.correct(step);
    EXPECT_EQ(watch.setBack(), 0);
    clock.advance(kHour);
    EXPECT_EQ(watch.setBack(), 0);
  }
  clock.correct(-kHour);
  EXPECT_EQ(watch.setBack(), kHour) << "from where it was forward";
}

TEST(ClockWatchTest, SmallStepsAddUp) {
  MovedClock clock(1'000'000 * kSecond);
  ClockWatch watch(clock);
  watch.setBack();
  std::int64_t noticed = 0;
  for (int i = 0; i < 50; ++i) {
    clock.correct(-30 * kMillisecond);
    noticed += watch.setBack();
  }
  EXPECT_GE(noticed, kMillisecond * 50 * 30 - kMillisecond * 100);
}

TEST(ClockWatchTest, AThreadThatIsHeldUpIsNoStep) {
  BusyClock clock;
  ClockWatch watch(clock);
  watch.setBack();
  for (int i = 0; i < 3; ++i) {
    clock.afterNow = 1;
    EXPECT_EQ(watch.setBack(), 0);
    clock.afterMonotonic = 1;
    EXPECT_EQ(watch.setBack(), 0);
    clock.afterNow = clock.afterMonotonic = 5;
    EXPECT_EQ(watch.setBack(), 0);
    EXPECT_EQ(watch.setBack(), 0) << "nor is it afterwards";
  }
  clock.time().correct(-kHour);
  clock.afterNow = 2;
  EXPECT_EQ(watch.setBack(), kHour);
}

TEST(ClockWatchTest, AMachineThatIsAlwaysBusyMisreadsNothing) {
  BusyClock clock;
  clock.afterNow = 1'000'000;
  ClockWatch watch(clock);
  EXPECT_EQ(watch.setBack(), 0);
  clock.time().correct(-kHour);
  EXPECT_EQ(watch.setBack(), 0);
  clock.afterNow = 0;
  EXPECT_EQ(watch.setBack(), 0) << "nothing is known of before";
  clock.time().correct(-kHour);
  EXPECT_EQ(watch.setBack(), kHour);
}

}  // namespace
}  // namespace mortise::services
