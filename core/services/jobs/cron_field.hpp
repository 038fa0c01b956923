// One field of a cron expression: its grammar and its allowed values.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::services {

// In the order of an expression of seven parts.
enum class CronPart : std::uint8_t { second, minute, hour, day, month, weekday, year };
inline constexpr std::size_t kCronParts = 7;
using CronTexts = std::array<std::string, kCronParts>;

class CronField {
 public:
  // A comma list of *, */n, a, a-b, a-b/n, a/n; names of months and weekdays; for days also "last", "2nd fri",
  // "last fri". Weekday 0 is Monday. Throws TriggerError{trigger}.
  CronField(CronPart part, std::string_view text);

  // As given, in lower case, without leading zeros.
  const std::string& text() const { return text_; }
  // The first allowed value at or after `from`; -1 when there is none. Not for days.
  int next(int from) const;
  // Days of one month, bit 1 is the first. Weekdays: 0 is Monday.
  std::uint32_t daysOf(int length, int weekdayOfFirst) const;

 private:
  struct Range {
    int first = 0, last = 0, step = 1;
  };
  void addRange(const Range& range);
  std::string addElement(std::string_view element);
  bool addDayOfMonth(std::string_view element, std::string& canonical);

  CronPart part_;
  std::string text_;
  // Sets: however often a list names a value, it costs the same to look for.
  std::vector<std::uint64_t> allowed_;  // values less the minimum, 64 to a word
  bool lastDay_ = false;
  std::array<std::uint8_t, 6> nthWeekdays_{};  // bits are weekdays; [1] the first of the month to [5], [0] the last
};

}  // namespace mortise::services
