#include "core/services/jobs/due_step.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/services/jobs/moment.hpp"

namespace mortise::services {
namespace {

std::int64_t at(const std::string& time) { return readMoment("2026-01-08 " + time, *TimeZone::utc())->micros; }

struct Step {
  std::string run, next;
  bool operator==(const Step&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Step& step) { return out << step.run << " then " << step.next; }

Step step(const std::string& trigger, const JobRules& rules, const std::string& due, const std::string& now) {
  const auto got = stepFrom(Trigger::parse(trigger), rules, at(due), at(now));
  const auto text = [](const auto& time) {
    return time ? writeMoment(*time, *TimeZone::utc()).substr(11, 8) : std::string("none");
  };
  return {text(got.run), text(got.next)};
}

TEST(DueStep, OnTimeItRunsAndComesAgain) {
  EXPECT_EQ(step("cron: */5 * * * *", {}, "10:00", "10:00:01"), (Step{"10:00:00", "10:05:00"}));
  EXPECT_EQ(step("at: 2026-01-08 10:00", {}, "10:00", "10:00:01"), (Step{"10:00:00", "none"}));
}

TEST(DueStep, MissedTimesBecomeTheLatestOne) {
  EXPECT_EQ(step("cron: * * * * *", {}, "09:00", "10:00:30"), (Step{"10:00:00", "10:01:00"}));
  EXPECT_EQ(step("every: PT1S", {}, "01:00", "10:00:30.5"), (Step{"10:00:30", "10:00:31"}));
}

TEST(DueStep, ARunThatIsTooLateIsLeftOut) {
  EXPECT_EQ(step("cron: 0 * * * *", {}, "09:00", "09:05"), (Step{"09:00:00", "10:00:00"}));
  EXPECT_EQ(step("cron: 0 * * * *", {}, "09:00", "09:05:01"), (Step{"none", "10:00:00"}));
  EXPECT_EQ(step("at: 2026-01-08 09:00", {}, "09:00", "09:30"), (Step{"none", "none"}));
  EXPECT_EQ(step("cron: 0 * * * *", {.misfireGraceSeconds = -1}, "05:00", "09:59"), (Step{"09:00:00", "10:00:00"}));
}

TEST(DueStep, WithoutCoalescingEachOneRuns) {
  const JobRules each{.coalesce = false};
  EXPECT_EQ(step("cron: * * * * *", each, "10:00", "10:03:30"), (Step{"10:00:00", "10:01:00"}));
  EXPECT_EQ(step("cron: * * * * *", each, "09:00", "10:03:30"), (Step{"none", "09:59:00"}));
}

TEST(DueStep, JitterIsNoLateness) {
  const JobRules rules{.jitterSeconds = 600};
  EXPECT_EQ(step("cron: */5 * * * *", rules, "10:00", "10:09"), (Step{"10:00:00", "10:05:00"}));
  EXPECT_EQ(step("cron: 0 * * * *", rules, "10:00", "10:14"), (Step{"10:00:00", "11:00:00"}));
  EXPECT_EQ(step("cron: 0 * * * *", rules, "10:00", "10:16"), (Step{"none", "11:00:00"}));
}

TEST(Jitter, IsSpreadAndTheSameEverywhere) {
  EXPECT_EQ(jitterOf("a.b", at("10:00"), 0), 0);
  std::set<std::int64_t> delays;
  std::int64_t sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto delay = jitterOf("a.b", at("10:00") + i * 1'000'000, 10);
    ASSERT_GE(delay, 0);
    ASSERT_LE(delay, 10'000'000);
    delays.insert(delay / 1'000'000);
    sum += delay;
  }
  EXPECT_GE(delays.size(), 10u);
  EXPECT_NEAR(static_cast<double>(sum) / 1000, 5e6, 5e5);
  EXPECT_NE(jitterOf("a.b", at("10:00"), 1000), jitterOf("a.c", at("10:00"), 1000));
}

TEST(NextAfterStepBack, TimesThatRanAreRepeatedOnlyAfterALargeStep) {
  const auto next = [](const std::string& trigger, std::int64_t lastRun, const std::string& now) {
    const auto time = nextAfterStepBack(Trigger::parse(trigger), lastRun, at(now));
    return time ? writeMoment(*time, *TimeZone::utc()).substr(11, 8) : std::string("none");
  };
  EXPECT_EQ(next("cron: * * * * *", 0, "10:00:30"), "10:01:00");
  EXPECT_EQ(next("cron: * * * * *", at("09:00"), "10:00:00"), "10:00:00");
  EXPECT_EQ(next("cron: * * * * *", at("10:00"), "10:00:00"), "10:01:00");
  EXPECT_EQ(next("cron: * * * * *", at("10:00"), "09:59:50"), "10:01:00");
  EXPECT_EQ(next("cron: * * * * *", at("10:00"), "09:59:49"), "10:00:00");
  EXPECT_EQ(next("every: PT1S", at("10:00"), "09:59:58"), "10:00:01");
  EXPECT_EQ(next("every: PT1S", at("11:00"), "10:00:00"), "10:00:00");
  EXPECT_EQ(next("at: 2026-01-08T11:00:00Z", at("11:30"), "10:00:00"), "11:00:00");
}

}  // namespace
}  // namespace mortise::services
