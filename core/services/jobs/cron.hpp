// A cron schedule: seven fields that must all match, in civil time and in a zone.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/jobs/cron_field.hpp"
#include "core/services/jobs/search_budget.hpp"
#include "core/services/jobs/time_zone.hpp"

namespace mortise::services {

// Empty text: the field is not given.
class Cron {
 public:
  // Fields after the last one given, in the order year, month, day, weekday, hour, minute, second, get their minimum
  // (weekday: *), others *. Throws TriggerError.
  explicit Cron(const CronTexts& texts);
  // What `expression` gives, by its 5, 6 or 7 parts. Throws TriggerError{cron_parts}.
  static CronTexts split(std::string_view expression);

  // The first match at or after `from`, in seconds since the epoch; nullopt: none up to the year 9999. A civil time
  // that occurs twice matches twice; one that the clock skips matches at the instant given by the offset before the
  // change. Looks at months one by one and spends a step of `budget` on each.
  std::optional<std::int64_t> next(std::int64_t from, const TimeZone& zone, SearchBudget& budget) const;

  const std::string& text(CronPart part) const { return fields_[static_cast<std::size_t>(part)].text(); }
  bool isGiven(CronPart part) const { return isGiven_[static_cast<std::size_t>(part)]; }

 private:
  static constexpr int kMinMonthDays = 28;
  static constexpr int kMaxMonthDays = 31;

  const CronField& field(CronPart part) const { return fields_[static_cast<std::size_t>(part)]; }
  std::optional<std::int64_t> nextCivil(std::int64_t from, SearchBudget& budget) const;
  bool hasDays(int month) const;
  std::uint32_t daysOf(int length, int weekdayOfFirst) const {
    return days_[static_cast<std::size_t>(length - kMinMonthDays)][static_cast<std::size_t>(weekdayOfFirst)];
  }
  int timeFrom(int from) const;

  std::array<bool, kCronParts> isGiven_;
  std::array<CronField, kCronParts> fields_;
  // Days that day and weekday allow, bit 1 is the first; by the length of a month and the weekday of its first day.
  std::array<std::array<std::uint32_t, 7>, kMaxMonthDays - kMinMonthDays + 1> days_;
  std::uint16_t months_ = 0;  // allowed ones that have an allowed day in some year; bit 1 is January
};

}  // namespace mortise::services
