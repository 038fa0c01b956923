#include "core/services/jobs/trigger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <tuple>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/services/jobs/moment.hpp"

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
                                         "at: 2026-01-01T00:00:00.Z", "at: 2026-01-01T00:00:00+8", "at: 2026-01",
                                         "at: 2026-01-01T10", "daily", "", "each: PT1S", "* * * * *"));

TEST(At, FiresOnceAndReadsOffsets) {
  const Trigger trigger = Trigger::parse("at: 2030-01-01T08:00:00+08:00");
  EXPECT_EQ(trigger.next(0), at("2030-01-01T00:00:00"));
  EXPECT_EQ(trigger.next(at("2030-01-01T00:00:00")), at("2030-01-01T00:00:00"));
  EXPECT_EQ(trigger.next(at("2030-01-01T00:00:00") + 1), std::nullopt);
}

mortise_str str(std::string_view text) { return {text.data(), text.size()}; }

// Triggers that an API gets.
struct Request {
  std::string type = "cron";
  std::string expression{};
  std::vector<std::pair<CronPart, std::string>> fields{};
  std::string timezone{};
};

Trigger made(const Request& from) {
  mortise_trigger request{};
  request.type = str(from.type);
  request.cron_expression = str(from.expression);
  request.timezone = str(from.timezone);
  // By CronPart.
  mortise_str* const parts[] = {&request.second, &request.minute,  &request.hour, &request.day,
                                &request.month,  &request.weekday, &request.year};
  for (const auto& [part, text] : from.fields) *parts[static_cast<std::size_t>(part)] = str(text);
  return Trigger::from(request, "Asia/Shanghai", at("2026-01-08T00:00:00"));
}

std::string refusal(const Request& request) {
  try {
    made(request);
  } catch (const TriggerError& error) {
    return error.code();
  }
  return "taken";
}

// `from` with its offset; the times in the preview's form.
Times shown(const Trigger& trigger, const std::string& from, int count) {
  Times times;
  auto next = trigger.next(readMoment(from, *TimeZone::utc())->micros);
  for (; next && count > 0; --count, next = trigger.next(*next + 1)) times.push_back(trigger.shown(*next));
  return times;
}

// The vectors of the scheduler contract, section 6.4, verbatim.
TEST(Zone, TheContractsVectorsHold) {
  EXPECT_EQ(shown(made({.expression = "*/15 * * * *"}), "2026-01-08T10:15:00+08:00", 3),
            (Times{"2026-01-08T10:15:00+08:00", "2026-01-08T10:30:00+08:00", "2026-01-08T10:45:00+08:00"}));
  EXPECT_EQ(shown(made({.expression = "0 9 * * 1-5"}), "2026-01-08T09:00:01+08:00", 4),
            (Times{"2026-01-09T09:00:00+08:00", "2026-01-10T09:00:00+08:00", "2026-01-13T09:00:00+08:00",
                   "2026-01-14T09:00:00+08:00"}));
  EXPECT_EQ(shown(made({.expression = "0 0 13 * fri"}), "2026-01-01T00:00:00+08:00", 3),
            (Times{"2026-02-13T00:00:00+08:00", "2026-03-13T00:00:00+08:00", "2026-11-13T00:00:00+08:00"}));
  EXPECT_EQ(shown(made({.expression = "0 0 12 1 1 * 2028-2030/2"}), "2026-01-01T00:00:00+08:00", 5),
            (Times{"2028-01-01T12:00:00+08:00", "2030-01-01T12:00:00+08:00"}));
  EXPECT_EQ(shown(made({.expression = "0 0 */2 * *"}), "2026-01-30T00:00:00+08:00", 3),
            (Times{"2026-01-31T00:00:00+08:00", "2026-02-01T00:00:00+08:00", "2026-02-03T00:00:00+08:00"}));
  const std::string newYork = "America/New_York";
  EXPECT_EQ(shown(made({.expression = "30 2 * * *", .timezone = newYork}), "2026-03-07T12:00:00-05:00", 3),
            (Times{"2026-03-08T03:30:00-04:00", "2026-03-09T02:30:00-04:00", "2026-03-10T02:30:00-04:00"}));
  EXPECT_EQ(shown(made({.expression = "30 1 * * *", .timezone = newYork}), "2026-10-31T12:00:00-04:00", 3),
            (Times{"2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"}));
  EXPECT_EQ(shown(made({.expression = "15 0 * * *", .timezone = newYork}), "2026-03-07T12:00:00-05:00", 3),
            (Times{"2026-03-08T00:15:00-05:00", "2026-03-09T00:15:00-04:00", "2026-03-10T00:15:00-04:00"}));
}

TEST(Fields, OverrideTheirPartAndFillUpBySignificance) {
  EXPECT_EQ(made({.expression = "5 4 * * *", .fields = {{CronPart::hour, "9"}}}).description(),
            "cron[month='*', day='*', day_of_week='*', hour='9', minute='5', second='0']");
  EXPECT_EQ(made({.fields = {{CronPart::hour, "3"}}}).fields(), (CronTexts{"0", "0", "3", "*", "*", "*", "*"}));
  EXPECT_EQ(made({.fields = {{CronPart::weekday, "SUN"}}}).fields(), (CronTexts{"0", "0", "0", "*", "*", "sun", "*"}));
  EXPECT_EQ(made({.fields = {{CronPart::year, "2030"}}}).fields(), (CronTexts{"0", "0", "0", "1", "1", "*", "2030"}));
  EXPECT_EQ(made({.fields = {{CronPart::day, "1"}, {CronPart::minute, "05"}}}).fields(),
            (CronTexts{"0", "5", "*", "1", "*", "*", "*"}));
  EXPECT_EQ(made({.fields = {{CronPart::hour, "3"}}}).description(), "cron[hour='3']");
}

TEST(Fields, KnowTheLastDayAndTheNthWeekday) {
  EXPECT_EQ(shown(made({.fields = {{CronPart::day, "2nd FRI"}}}), "2026-01-01T00:00:00+08:00", 2),
            (Times{"2026-01-09T00:00:00+08:00", "2026-02-13T00:00:00+08:00"}));
  EXPECT_EQ(shown(made({.fields = {{CronPart::day, "last"}}}), "2028-02-01T00:00:00+08:00", 2),
            (Times{"2028-02-29T00:00:00+08:00", "2028-03-31T00:00:00+08:00"}));
  EXPECT_EQ(shown(made({.fields = {{CronPart::day, "last sun, 1"}}}), "2026-02-01T00:00:01+08:00", 3),
            (Times{"2026-02-22T00:00:00+08:00", "2026-03-01T00:00:00+08:00", "2026-03-29T00:00:00+08:00"}));
  EXPECT_EQ(shown(made({.fields = {{CronPart::day, "5th mon"}}}), "2026-01-01T00:00:00+08:00", 2),
            (Times{"2026-03-30T00:00:00+08:00", "2026-06-29T00:00:00+08:00"}));
  EXPECT_EQ(refusal({.fields = {{CronPart::day, "6th fri"}}}), "trigger");
  EXPECT_EQ(refusal({.fields = {{CronPart::day, "2nd friday"}}}), "trigger");
  EXPECT_EQ(refusal({.fields = {{CronPart::hour, "2nd fri"}}}), "trigger");
}

TEST(Request, NamesWhatIsWrong) {
  EXPECT_EQ(refusal({.type = "Cron", .expression = "* * * * *"}), "trigger_type");
  EXPECT_EQ(refusal({.type = ""}), "trigger_type");
  EXPECT_EQ(refusal({.expression = "@daily"}), "cron_parts");
  EXPECT_EQ(refusal({.expression = "* * * *", .fields = {{CronPart::hour, "3"}}}), "cron_parts");
  EXPECT_EQ(refusal({}), "trigger");
  EXPECT_EQ(refusal({.expression = "99 * * * *"}), "trigger");
  EXPECT_EQ(refusal({.type = "interval"}), "trigger");
  EXPECT_EQ(refusal({.type = "date"}), "trigger");
  for (const auto* zone : {"Mars/Olympus", "../../etc/passwd", "/etc/localtime", "localtime", "right/UTC", "PST",
                           "utc+1", "europe/berlin", "zone.tab", "Europe", "Fixed/UTC+01:00:00"})
    EXPECT_EQ(refusal({.expression = "* * * * *", .timezone = zone}), "timezone") << zone;
  EXPECT_EQ(refusal({.expression = "\t0  0 *\n* * ", .timezone = " UTC "}), "taken");
}

TEST(Interval, CountsFromWhenItWasGiven) {
  const auto now = at("2026-01-08T10:00:00") + 250'000;
  mortise_trigger request{};
  request.type = str("interval");
  const auto count = [&](std::array<std::int64_t, 5> parts) {
    std::tie(request.weeks, request.days, request.hours, request.minutes, request.seconds) = std::tuple_cat(parts);
  };
  count({0, 1, -5, 15, 4});
  const Trigger trigger = Trigger::from(request, "Asia/Shanghai", now);
  EXPECT_EQ(trigger.description(), "interval[1 day, 0:15:04]");
  EXPECT_EQ(trigger.shown(*trigger.next(now)), "2026-01-09T18:15:04.250000+08:00");
  EXPECT_EQ(*trigger.next(*trigger.next(now) + 1) - *trigger.next(now), 87304'000'000);
  EXPECT_EQ(Trigger::parse(trigger.text(), trigger.zone()).next(now), trigger.next(now));
  count({9, 9, 3, 4, 5});
  EXPECT_EQ(Trigger::from(request, "UTC", now).description(), "interval[72 days, 3:04:05]");
  for (const auto days : {std::int64_t{1} << 62, std::int64_t{3'000'000'000}, std::int64_t{2'912'800}}) {
    count({0, days, 0, 0, 0});
    EXPECT_THROW(Trigger::from(request, "UTC", now), TriggerError) << days;
  }
  count({0, 2'912'000, 0, 0, 0});
  EXPECT_EQ(Trigger::from(request, "UTC", now).shown(*Trigger::from(request, "UTC", now).next(now)).substr(0, 4),
            "9998");
}

TEST(Date, CountsInTheDefaultZoneAndShowsUtc) {
  const auto date = [](const std::string& text) {
    mortise_trigger request{};
    request.type = str("date");
    request.run_date = str(text);
    return Trigger::from(request, "Asia/Shanghai", 0);
  };
  EXPECT_EQ(date("2030-01-02").description(), "date[2030-01-01 16:00:00 UTC]");
  EXPECT_EQ(date("2030-01-02 03:04").description(), "date[2030-01-01 19:04:00 UTC]");
  EXPECT_EQ(date("2030-01-01T19:04:00.75Z").description(), "date[2030-01-01 19:04:00 UTC]");
  EXPECT_EQ(date("2030-01-01T19:04:00Z").shown(*date("2030-01-01T19:04:00Z").next(0)), "2030-01-01T19:04:00+00:00");
  EXPECT_EQ(date("2020-01-01").next(at("2026-01-01T00:00:00")), std::nullopt);
  for (const auto* text : {"tomorrow", "2030-13-01", "2030-02-30", "2030-01-01T25:00", "2030-01-01T10:00+8",
                           "1893456000", "2030-01-01T10:00Zx", "2030-01-01x10:00", "2030-1-1", "10000-01-01"})
    EXPECT_THROW(date(text), TriggerError) << text;
}

TEST(Trigger, AStoredOneThatCantBeReadKeepsItsTextAndNeverFires) {
  const auto trigger = Trigger::stored("cron: 0 4 * * *", "Mars/Olympus");
  EXPECT_EQ(trigger.text(), "cron: 0 4 * * *");
  EXPECT_EQ(trigger.zone(), "Mars/Olympus");
  EXPECT_EQ(trigger.next(0), std::nullopt);
  EXPECT_EQ(trigger.latest(0, at("2030-01-01T00:00:00")), std::nullopt);
  EXPECT_THROW(trigger.requireReadable(), TriggerError);
  EXPECT_NO_THROW(Trigger::stored("cron: 0 4 * * *", "Europe/Berlin").requireReadable());
  EXPECT_EQ(Trigger().next(at("2026-01-01T00:00:00")), std::nullopt);
}

TEST(Trigger, ItsTextReadsBackAsTheSame) {
  for (const Trigger& trigger :
       {made({.expression = "*/05 4-09 * JAN-mar mon,2"}), made({.fields = {{CronPart::day, "2nd fri,last"}}}),
        made({.expression = "0 0 12 1 1 * 2028-2030/2", .timezone = "Europe/Berlin"})}) {
    const Trigger again = Trigger::parse(trigger.text(), trigger.zone());
    EXPECT_EQ(again.text(), trigger.text());
    EXPECT_EQ(again.description(), trigger.description());
    EXPECT_EQ(again.fields(), trigger.fields());
    EXPECT_EQ(again.next(at("2026-01-01T00:00:00")), trigger.next(at("2026-01-01T00:00:00")));
  }
}

TEST(Trigger, FindsTheLatestOfManyMissedTimes) {
  const auto latest = [](const std::string& text, const std::string& from, const std::string& until) {
    const auto found = Trigger::parse(text).latest(at(from), at(until));
    return found ? isoMillis(*found).substr(0, 19) : "none";
  };
  EXPECT_EQ(latest("cron: * * * * * *", "2020-01-01T00:00:00", "2026-01-01T00:00:00"), "2026-01-01T00:00:00");
  EXPECT_EQ(latest("cron: 30 4 * * *", "2020-01-01T00:00:00", "2026-01-01T00:00:00"), "2025-12-31T04:30:00");
  EXPECT_EQ(latest("cron: 0 0 29 2 *", "2025-01-01T00:00:00", "2026-01-01T00:00:00"), "none");
  EXPECT_EQ(latest("every: PT7M from 2026-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:13:59"),
            "2026-01-01T00:07:00");
  EXPECT_EQ(latest("at: 2026-01-01T00:00:00", "2025-01-01T00:00:00", "2026-01-01T00:00:00"), "2026-01-01T00:00:00");
  EXPECT_EQ(latest("at: 2026-01-01T00:00:01", "2025-01-01T00:00:00", "2026-01-01T00:00:00"), "none");
}

// Time never decides; this would walk through every second of fifty years.
TEST(Trigger, FindsTheLastOfThatManyThatEndedLongAgo) {
  EXPECT_EQ(
      isoMillis(*Trigger::parse("cron: * * * * * * 1970-2020").latest(0, at("2100-01-01T00:00:00"))).substr(0, 19),
      "2020-12-31T23:59:59");
  EXPECT_EQ(isoMillis(*Trigger::parse("cron: second=* month=3").latest(0, at("2026-01-01T00:00:00"))).substr(0, 19),
            "2025-03-31T23:59:59");
}

std::string repeated(const std::string& element, std::size_t count) {
  std::string list = element;
  for (std::size_t i = 1; i < count; ++i) list += "," + element;
  return list;
}

TEST(Trigger, RefusesFieldsThatAreTooLong) {
  const auto refused = [](const Request& request) -> std::string {
    try {
      made(request);
      return "";
    } catch (const TriggerError& error) {
      return error.what();
    }
  };
  for (const auto part : {CronPart::second, CronPart::minute, CronPart::hour, CronPart::day, CronPart::month,
                          CronPart::weekday, CronPart::year}) {
    const auto element = part == CronPart::year ? "2030" : "1";
    EXPECT_EQ(refused({.fields = {{part, repeated(element, 100)}}}), "");
    EXPECT_THAT(refused({.fields = {{part, repeated(element, 1000)}}}), ::testing::HasSubstr("use at most 500"));
  }
  EXPECT_THAT(refused({.fields = {{CronPart::day, repeated("1st mon", 1000)}}}),
              ::testing::HasSubstr("day: 7999 bytes; use at most 500"));
  EXPECT_THAT(refused({.expression = "0 0 " + repeated("1", 1000) + " * *"}),
              ::testing::HasSubstr("cron expression: 2007 bytes; use at most 500"));
  EXPECT_THROW(Trigger::parse("cron: day='" + repeated("1st mon", 1000) + "'"), TriggerError);
  EXPECT_THROW(Trigger::parse("every: PT" + std::string(5000, '0') + "5M"), TriggerError);
  // A database may hold one that was taken before there was a limit.
  const auto stored = Trigger::stored("cron: day='" + repeated("1st mon", 10000) + "' month=2 hour=1", "UTC");
  EXPECT_EQ(stored.next(at("2026-01-01T00:00:00")), at("2026-02-02T01:00:00"));
}

// However often a list names a value, looking for the next time takes the same steps.
TEST(Trigger, SpendsNoMoreOnRepeatedValues) {
  const auto steps = [](const std::string& fields) {
    const auto trigger = Trigger::stored("cron: " + fields, "America/New_York");
    trigger.requireReadable();
    for (std::int64_t budget = 1;; budget *= 2) {
      SearchBudget left(budget);
      try {
        trigger.next(at("2026-01-01T00:00:00"), left);
        return budget;
      } catch (const TriggerError&) {
      }
    }
  };
  EXPECT_EQ(steps("day='" + repeated("1st mon", 10000) + "' month=2"), steps("day='1st mon' month=2"));
  EXPECT_EQ(steps("day=31 month=2 year='" + repeated("*/1", 10000) + "'"), steps("day=31 month=2 year=*"));
  EXPECT_EQ(steps("day=29 month=2 year='" + repeated("2027-9999/4", 10000) + "'"),
            steps("day=29 month=2 year=2027-9999/4"));
  EXPECT_EQ(steps("day=31 month='" + repeated("feb,4,jun,sep,nov", 2000) + "'"), 1) << "no month has such a day";
  EXPECT_EQ(steps("day='" + repeated("1st mon,last tue", 5000) + "' day_of_week=" + repeated("wed", 5000)),
            steps("day='1st mon,last tue' day_of_week=wed"));
}

TEST(Trigger, SaysWhichFieldsUseUpTheSearch) {
  SearchBudget budget(100);
  try {
    Trigger::parse("cron: day=29 month=2 year=2027-9999/4").next(at("2026-01-01T00:00:00"), budget);
    FAIL() << "100 steps were enough";
  } catch (const TriggerError& error) {
    EXPECT_STREQ(error.what(),
                 "trigger: year, month, day and weekday: they match so rarely that the next time was not found in 100 "
                 "months");
  }
}

// Never asserts a duration: without the shortcut these would walk eight thousand years by seconds or by changes, and
// never end.
TEST(Trigger, KnowsQuicklyThatItNeverFires) {
  for (const auto* zone : {"UTC", "America/New_York"}) {
    for (const auto* text : {"cron: 0 0 31 2 *", "cron: 0 0 0 1 1 * 2020", "cron: 0 0 0 29 2 * 2027-9999/4",
                             "cron: day='5th mon' month=2 year=2027-9999/4", "cron: day=30 month=2"})
      EXPECT_EQ(Trigger::parse(text, zone).next(at("2026-01-01T00:00:00")), std::nullopt) << text;
    const auto far = Trigger::parse("cron: 59 59 23 31 12 * 9999", zone);
    EXPECT_EQ(far.shown(*far.next(at("2026-01-01T00:00:00"))).substr(0, 19), "9999-12-31T23:59:59");
    EXPECT_EQ(far.next(*far.next(0) + 1), std::nullopt);
  }
}

}  // namespace
}  // namespace mortise::services
