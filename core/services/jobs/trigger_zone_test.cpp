// Cron in zones whose clocks change, compared with an independent evaluator: it walks every second of some days, asks
// the C library for the civil time, and looks each field up in a set.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/services/jobs/moment.hpp"
#include "core/services/jobs/trigger.hpp"

namespace mortise::services {
namespace {

struct Window {
  const char* zone;
  const char* from;  // UTC, with no change of the clock nearby
  int days;
};

// The values of a field, and one of the ways to write it.
struct RandomField {
  std::string text = "*";
  std::set<int> values;
};

class Evaluator {
 public:
  explicit Evaluator(std::mt19937& random) : random_(random) {}

  // Rare enough in the small fields that the result stays readable, often enough that every change of a clock is
  // covered.
  void draw() {
    second_ = draw(0, 59, 1);
    minute_ = pick(3) == 0 ? any(0, 59) : draw(0, 59, 4);
    hour_ = pick(2) == 0 ? any(0, 23) : draw(0, 4, 5);
    day_ = pick(4) == 0 ? draw(1, 31, 20) : any(1, 31);
    month_ = any(1, 12);
    weekday_ = pick(4) == 0 ? draw(0, 6, 4) : any(0, 6);
  }
  std::string text() const {
    return "cron: " + second_.text + " " + minute_.text + " " + hour_.text + " " + day_.text + " " + month_.text + " " +
           weekday_.text;
  }
  bool matches(const std::tm& civil) const {
    return second_.values.contains(civil.tm_sec) && minute_.values.contains(civil.tm_min) &&
           hour_.values.contains(civil.tm_hour) && day_.values.contains(civil.tm_mday) &&
           month_.values.contains(civil.tm_mon + 1) && weekday_.values.contains((civil.tm_wday + 6) % 7);
  }

 private:
  int pick(int choices) { return std::uniform_int_distribution<int>(0, choices - 1)(random_); }
  static RandomField any(int minimum, int maximum) {
    RandomField field;
    for (int i = minimum; i <= maximum; ++i) field.values.insert(i);
    return field;
  }
  RandomField draw(int minimum, int maximum, int count) {
    RandomField field;
    field.text.clear();
    for (int i = 0; i < count; ++i) {
      const int first = minimum + pick(maximum - minimum + 1);
      if (!field.text.empty()) field.text += ",";
      field.text += std::to_string(first);
      int last = first;
      int step = 1;
      if (count > 3 && pick(3) == 0 && first < maximum) {
        last = first + 1 + pick(maximum - first);
        step = 1 + pick(last - first);
        field.text += "-" + std::to_string(last) + "/" + std::to_string(step);
      }
      for (int value = first; value <= last; value += step) field.values.insert(value);
    }
    return field;
  }

  std::mt19937& random_;
  RandomField second_, minute_, hour_, day_, month_, weekday_;
};

class ClockChanges : public testing::TestWithParam<Window> {
 protected:
  void SetUp() override {
    const Window& window = GetParam();
    ::setenv("TZ", window.zone, 1);
    ::tzset();
    start_ = readMoment(window.from, *TimeZone::utc())->micros / 1'000'000;
    const auto end = start_ + window.days * 86400;
    std::tm civil{};
    for (std::time_t time = start_; time < end; ++time) {
      ::localtime_r(&time, &civil);
      civil_.push_back(civil);
      if (time > start_ && civil.tm_gmtoff > civil_[civil_.size() - 2].tm_gmtoff) skipped(time, civil);
    }
  }
  void TearDown() override {
    ::unsetenv("TZ");
    ::tzset();
  }

  // Civil times that the change at `time` skips, each with the instant of the earlier offset.
  void skipped(std::time_t time, const std::tm& after) {
    const auto before = civil_[civil_.size() - 2].tm_gmtoff;
    for (std::time_t instant = time; instant < time + (after.tm_gmtoff - before); ++instant) {
      const std::time_t shifted = instant + before;
      std::tm civil{};
      ::gmtime_r(&shifted, &civil);
      skipped_.emplace_back(instant, civil);
    }
  }
  std::set<std::int64_t> expected(const Evaluator& cron) const {
    std::set<std::int64_t> times;
    for (std::size_t i = 0; i < civil_.size(); ++i) {
      if (cron.matches(civil_[i])) times.insert(start_ + static_cast<std::int64_t>(i));
    }
    for (const auto& [instant, civil] : skipped_) {
      if (cron.matches(civil)) times.insert(instant);
    }
    return times;
  }

  std::int64_t start_ = 0;
  std::vector<std::tm> civil_;
  std::vector<std::pair<std::int64_t, std::tm>> skipped_;
};

TEST_P(ClockChanges, FireAsASecondBySecondEvaluatorSays) {
  std::mt19937 random(20260308);
  Evaluator evaluator(random);
  std::size_t fired = 0;
  for (int round = 0; round < 40; ++round) {
    evaluator.draw();
    const auto cron = Trigger::parse(evaluator.text(), GetParam().zone);
    std::set<std::int64_t> got;
    const auto end = (start_ + static_cast<std::int64_t>(civil_.size())) * 1'000'000;
    for (auto next = cron.next(start_ * 1'000'000); next && *next < end; next = cron.next(*next + 1))
      got.insert(*next / 1'000'000);
    EXPECT_EQ(got, expected(evaluator)) << evaluator.text() << " in " << GetParam().zone;
    fired += got.size();
    // From any start, not only from the one before.
    for (int i = 0; i < 20; ++i) {
      const auto from = start_ + std::uniform_int_distribution<std::int64_t>(0, std::ssize(civil_) - 1)(random);
      const auto first = got.lower_bound(from);
      if (first == got.end()) continue;
      EXPECT_EQ(cron.next(from * 1'000'000), *first * 1'000'000) << evaluator.text() << " from " << from;
    }
  }
  EXPECT_GT(fired, 100u);
}

INSTANTIATE_TEST_SUITE_P(
    Zones, ClockChanges,
    testing::Values(
        Window{"America/New_York", "2026-03-07T00:00:00Z", 3}, Window{"America/New_York", "2026-10-31T00:00:00Z", 3},
        Window{"Europe/London", "2026-03-28T00:00:00Z", 3}, Window{"Europe/London", "2026-10-24T00:00:00Z", 3},
        Window{"Australia/Lord_Howe", "2026-04-03T00:00:00Z", 3},  // half an hour
        Window{"Australia/Lord_Howe", "2026-10-02T00:00:00Z", 3},
        Window{"America/Sao_Paulo", "2018-11-03T00:00:00Z", 3},  // at midnight
        Window{"America/Sao_Paulo", "2018-02-16T00:00:00Z", 4},
        Window{"Africa/Casablanca", "2026-02-14T00:00:00Z", 3},  // back for Ramadan
        Window{"Africa/Casablanca", "2026-03-21T00:00:00Z", 3},
        Window{"Pacific/Apia", "2011-12-29T00:00:00Z", 4},  // a whole day that was skipped
        Window{"Asia/Shanghai", "1991-09-14T00:00:00Z", 3}, Window{"Asia/Shanghai", "2026-03-07T00:00:00Z", 2},
        Window{"Asia/Kathmandu", "1985-12-30T00:00:00Z", 4},  // a quarter of an hour
        Window{"America/Mexico_City", "2026-04-04T00:00:00Z", 3}, Window{"America/New_York", "2500-03-13T00:00:00Z", 3},
        Window{"Europe/Berlin", "9998-10-24T00:00:00Z", 3}),
    [](const auto& param) {
      std::string name = std::string(param.param.zone) + std::string(param.param.from).substr(0, 7);
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

// A zone that follows a rule for ever is kept for 400 years and then repeated.
TEST(TimeZone, AgreesWithTheCLibraryFarIntoTheFuture) {
  for (const auto* name : {"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca",
                           "Asia/Shanghai", "America/Santiago", "Pacific/Apia", "Asia/Kolkata"}) {
    ::setenv("TZ", name, 1);
    ::tzset();
    const auto zone = TimeZone::find(name);
    ASSERT_TRUE(zone) << name;
    std::mt19937_64 random(7);
    for (int i = 0; i < 20000; ++i) {
      const std::time_t time = std::uniform_int_distribution<std::int64_t>(0, kLastSecond)(random);
      std::tm civil{};
      ::localtime_r(&time, &civil);
      ASSERT_EQ(zone->at(time).offset, civil.tm_gmtoff) << name << " at " << time;
    }
  }
  ::unsetenv("TZ");
  ::tzset();
}

}  // namespace
}  // namespace mortise::services
