#include "core/services/jobs/trigger.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/identifiers.hpp"

namespace mortise::services {
namespace {

// "2026-01-08T10:15:00" to microseconds, by the parser of "at:".
std::int64_t at(const std::string& time) { return *Trigger::parse("at: " + time + "Z").next(0); }

std::vector<std::string> firing(const std::string& expression, const std::string& from, int count) {
  const Trigger trigger = Trigger::parse("cron: " + expression);
  std::vector<std::string> times;
  auto next = trigger.next(at(from));
  for (int i = 0; i < count; ++i) {
    if (!next) {
      times.push_back("none");
      break;
    }
    times.push_back(isoMillis(*next).substr(0, 19));
    next = trigger.next(*next + 1);
  }
  return times;
}

using Times = std::vector<std::string>;

// The vectors of the scheduler contract, section 6.4, whose zone has no clock changes: civil time is then the same in
// UTC.
TEST(Cron, FiresAsTheContractsVectorsSay) {
  EXPECT_EQ(firing("*/15 * * * *", "2026-01-08T10:15:00", 3),
            (Times{"2026-01-08T10:15:00", "2026-01-08T10:30:00", "2026-01-08T10:45:00"}));
  EXPECT_EQ(firing("0 9 * * 1-5", "2026-01-08T09:00:01", 4),
            (Times{"2026-01-09T09:00:00", "2026-01-10T09:00:00", "2026-01-13T09:00:00", "2026-01-14T09:00:00"}));
  EXPECT_EQ(firing("0 0 13 * fri", "2026-01-01T00:00:00", 3),
            (Times{"2026-02-13T00:00:00", "2026-03-13T00:00:00", "2026-11-13T00:00:00"}));
  EXPECT_EQ(firing("0 0 12 1 1 * 2028-2030/2", "2026-01-01T00:00:00", 3),
            (Times{"2028-01-01T12:00:00", "2030-01-01T12:00:00", "none"}));
  EXPECT_EQ(firing("0 0 */2 * *", "2026-01-30T00:00:00", 3),
            (Times{"2026-01-31T00:00:00", "2026-02-01T00:00:00", "2026-02-03T00:00:00"}));
}

TEST(Cron, WeekdayZeroIsMonday) {
  EXPECT_EQ(firing("0 0 * * 0", "2026-01-08T00:00:00", 1), Times{"2026-01-12T00:00:00"});
  EXPECT_EQ(firing("0 0 * * mon", "2026-01-08T00:00:00", 1), Times{"2026-01-12T00:00:00"});
  EXPECT_EQ(firing("0 0 * * SUN", "2026-01-08T00:00:00", 1), Times{"2026-01-11T00:00:00"});
}

TEST(Cron, SkipsDaysThatAMonthLacksAndKnowsLeapYears) {
  EXPECT_EQ(firing("0 0 29 2 *", "2026-01-01T00:00:00", 2), (Times{"2028-02-29T00:00:00", "2032-02-29T00:00:00"}));
  EXPECT_EQ(firing("0 0 29 feb *", "2096-03-01T00:00:00", 1), Times{"2104-02-29T00:00:00"});
  EXPECT_EQ(firing("0 0 31 * *", "2026-04-01T00:00:00", 2), (Times{"2026-05-31T00:00:00", "2026-07-31T00:00:00"}));
  EXPECT_EQ(firing("0 0 31 2 *", "2026-01-01T00:00:00", 1), Times{"none"});
  EXPECT_EQ(firing("0 0 0 1 1 * 2020", "2026-01-01T00:00:00", 1), Times{"none"});
}

TEST(Cron, SecondsAndListsWork) {
  EXPECT_EQ(firing("10,40 59 23 31 dec *", "2026-12-31T23:59:11", 2),
            (Times{"2026-12-31T23:59:40", "2027-12-31T23:59:10"}));
  EXPECT_EQ(firing("5/20 * * * *", "2026-01-01T00:06:00", 3),
            (Times{"2026-01-01T00:25:00", "2026-01-01T00:45:00", "2026-01-01T01:05:00"}));
  EXPECT_EQ(firing("007 8 * * *", "2026-01-01T00:00:00", 1), Times{"2026-01-01T08:07:00"});
}

TEST(Cron, AFractionIsRoundedUpFirst) {
  const Trigger everySecond = Trigger::parse("cron: * * * * * *");
  EXPECT_EQ(everySecond.next(at("2026-01-01T00:00:00") + 1), at("2026-01-01T00:00:01"));
  EXPECT_EQ(everySecond.next(at("2026-01-01T00:00:00")), at("2026-01-01T00:00:00"));
}

class RefusedCron : public testing::TestWithParam<const char*> {};

TEST_P(RefusedCron, IsRefused) { EXPECT_THROW(Trigger::parse(std::string("cron: ") + GetParam()), ServiceError); }

INSTANTIATE_TEST_SUITE_P(Contract, RefusedCron,
                         testing::Values("60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
                                         "* * * * 7", "* * * * fri-mon", "5-1 * * * *", "*/0 * * * *", "*/60 * * * *",
                                         "* * * * */7", "* * * */12 *", "* * */31 * *", "* 1-2/2 * * *", "59/1 * * * *",
                                         "1,,2 * * * *", ", * * * *", "+1 * * * *", "1.5 * * * *", "-1 * * * *",
                                         "? * * * *", "* * L * *", "* * 1W * *", "* * * * mon#2", "@daily",
                                         "* * * * mon-fri/2", "* * * * mon-3", "* * lastday * *", "* * * * monday",
                                         "* * * *", "* * * * * * * *", "", "* * * * * * 1969", "* * * * * * 10000",
                                         "*/ * * * *", "/2 * * * *", "1- * * * *"));

TEST(Every, CountsFromTheEpoch) {
  const Trigger trigger = Trigger::parse("every: PT5M");
  EXPECT_EQ(trigger.next(at("2026-01-01T00:01:00")), at("2026-01-01T00:05:00"));
  EXPECT_EQ(trigger.next(at("2026-01-01T00:05:00")), at("2026-01-01T00:05:00"));
  EXPECT_EQ(Trigger::parse("every: P1DT1H1M1S").next(1), (86400ll + 3661) * 1'000'000);
  EXPECT_EQ(Trigger::parse("every: P2W").next(1), 14 * 86400ll * 1'000'000);
}

class RefusedTrigger : public testing::TestWithParam<const char*> {};

TEST_P(RefusedTrigger, IsRefused) { EXPECT_THROW(Trigger::parse(GetParam()), ServiceError); }

INSTANTIATE_TEST_SUITE_P(Text, RefusedTrigger,
                         testing::Values("every: PT0S", "every: P", "every: PT", "every: 5", "every: P1M", "every: P1Y",
                                         "every: PT1S1S", "every: PT1S1H", "every: PT1.5S", "every: P1DT",
                                         "every: PT-1S", "every: P999999999D", "every: P1TT1S", "at: tomorrow",
                                         "at: 2026-02-30T00:00:00Z", "at: 2026-01-01T24:00:00Z",
                                         "at: 2026-01-01T00:00:00.Z", "at: 2026-01-01T00:00:00+8", "at: 2026-01-01",
                                         "daily", "", "each: PT1S", "* * * * *"));

TEST(At, FiresOnceAndReadsOffsets) {
  const Trigger trigger = Trigger::parse("at: 2030-01-01T08:00:00+08:00");
  EXPECT_EQ(trigger.next(0), at("2030-01-01T00:00:00"));
  EXPECT_EQ(trigger.next(at("2030-01-01T00:00:00")), at("2030-01-01T00:00:00"));
  EXPECT_EQ(trigger.next(at("2030-01-01T00:00:00") + 1), std::nullopt);
}

TEST(Trigger, OtherZonesAreRefusedByName) {
  EXPECT_NO_THROW(Trigger::parse("cron: 0 0 * * *", "UTC"));
  try {
    Trigger::parse("cron: 0 0 * * *", "Asia/Shanghai");
    FAIL();
  } catch (const ServiceError& error) {
    EXPECT_NE(std::string(error.what()).find("Asia/Shanghai"), std::string::npos);
  }
}

}  // namespace
}  // namespace mortise::services
