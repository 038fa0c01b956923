#include "core/services/jobs/cron_field.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <span>

#include "core/base/text.hpp"
#include "core/services/jobs/trigger_error.hpp"

namespace mortise::services {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::array<std::string_view, 5> kNth = {"1st", "2nd", "3rd", "4th", "5th"};

struct Kind {
  std::string_view name;
  int minimum, maximum;
  std::span<const std::string_view> names;  // of minimum, minimum + 1, ...
};

const Kind& kindOf(CronPart part) {
  static const std::array<Kind, kCronParts> kKinds = {{{"second", 0, 59, {}},
                                                       {"minute", 0, 59, {}},
                                                       {"hour", 0, 23, {}},
                                                       {"day", 1, 31, {}},
                                                       {"month", 1, 12, kMonths},
                                                       {"weekday", 0, 6, kWeekdays},
                                                       {"year", 1970, 9999, {}}}};
  return kKinds[static_cast<std::size_t>(part)];
}

[[noreturn]] void refuse(const Kind& kind, std::string_view element, const std::string& rule) {
  throw TriggerError("trigger", std::string(kind.name) + " \"" + std::string(text::head(element, 80)) + "\": " + rule);
}

std::optional<int> numberIn(std::string_view text) {
  int value = 0;
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<int> indexOf(std::span<const std::string_view> names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (text::equalsIgnoreCase(names[i], text)) return static_cast<int>(i);
  }
  return std::nullopt;
}

// One end of a range.
struct Value {
  int value = 0;
  std::optional<int> nameIndex;

  std::string text(const Kind& kind) const {
    return nameIndex ? std::string(kind.names[static_cast<std::size_t>(*nameIndex)]) : std::to_string(value);
  }
};

Value readValue(const Kind& kind, std::string_view element, std::string_view text) {
  const auto name = indexOf(kind.names, text);
  if (name) return {kind.minimum + *name, name};
  const auto number = numberIn(text);
  if (!number || *number < kind.minimum || *number > kind.maximum) {
    std::string rule = "use " + std::to_string(kind.minimum) + " to " + std::to_string(kind.maximum);
    if (!kind.names.empty()) rule += ", or a name like " + std::string(kind.names.front());
    if (kind.names.data() == kWeekdays.data()) rule += "; 0 is Monday, 6 is Sunday";
    refuse(kind, element, rule);
  }
  return {*number, std::nullopt};
}

}  // namespace

CronField::CronField(CronPart part, std::string_view text)
    : part_(part), allowed_(static_cast<std::size_t>(kindOf(part).maximum - kindOf(part).minimum) / 64 + 1) {
  for (const auto element : text::split(text, ',')) {
    if (!text_.empty()) text_ += ',';
    text_ += addElement(text::trim(element));
  }
}

void CronField::addRange(const Range& range) {
  const int minimum = kindOf(part_).minimum;
  for (int value = range.first; value <= range.last; value += range.step) {
    const auto bit = static_cast<std::size_t>(value - minimum);
    allowed_[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
}

bool CronField::addDayOfMonth(std::string_view element, std::string& canonical) {
  if (text::equalsIgnoreCase(element, "last")) {
    lastDay_ = true;
    canonical = "last";
    return true;
  }
  const auto blank = element.find_first_of(" \t");
  if (blank == std::string_view::npos) return false;
  const auto which = element.substr(0, blank);
  const auto nth = indexOf(kNth, which);
  const auto weekday = indexOf(kWeekdays, text::trim(element.substr(blank)));
  if (!weekday || (!nth && !text::equalsIgnoreCase(which, "last")))
    refuse(kindOf(part_), element, "write 1st to 5th or last, and a weekday like fri");
  nthWeekdays_[static_cast<std::size_t>(nth ? *nth + 1 : 0)] |= static_cast<std::uint8_t>(1u << *weekday);
  canonical = text::lower(which) + " " + std::string(kWeekdays[static_cast<std::size_t>(*weekday)]);
  return true;
}

// Returns the canonical text.
std::string CronField::addElement(std::string_view element) {
  const Kind& kind = kindOf(part_);
  if (element.empty()) refuse(kind, element, "an element of the list is empty");
  std::string canonical;
  if (part_ == CronPart::day && addDayOfMonth(element, canonical)) return canonical;

  const auto slash = element.find('/');
  const auto span = element.substr(0, slash);
  const bool stepped = slash != std::string_view::npos;
  Range range{kind.minimum, kind.maximum, 1};
  bool named = false;
  canonical = "*";
  if (span != "*") {
    const auto dash = span.find('-');
    const Value first = readValue(kind, element, span.substr(0, dash));
    named = first.nameIndex.has_value();
    canonical = first.text(kind);
    range.first = first.value;
    if (dash != std::string_view::npos) {
      const Value last = readValue(kind, element, span.substr(dash + 1));
      if (last.nameIndex.has_value() != named) refuse(kind, element, "names and numbers can't be mixed in a range");
      canonical += "-" + last.text(kind);
      range.last = last.value;
    } else if (!stepped) {
      range.last = range.first;
    }
    if (range.first > range.last) refuse(kind, element, "the range ends before it starts");
  }
  if (stepped) {
    if (named) refuse(kind, element, "names take no step");
    const int width = range.last - range.first;
    const auto step = numberIn(element.substr(slash + 1));
    if (!step || *step == 0 || *step > width)
      refuse(kind, element, "the step must be a number from 1 to the width of its range, " + std::to_string(width));
    range.step = *step;
    canonical += "/" + std::to_string(range.step);
  }
  addRange(range);
  return canonical;
}

int CronField::next(int from) const {
  const int minimum = kindOf(part_).minimum;
  const auto first = static_cast<std::size_t>(std::max(from - minimum, 0));
  for (auto word = first / 64; word < allowed_.size(); ++word) {
    const auto skipped = word == first / 64 ? first % 64 : 0;
    const auto left = allowed_[word] >> skipped << skipped;
    if (left != 0) return static_cast<int>(word * 64) + std::countr_zero(left) + minimum;
  }
  return -1;
}

std::uint32_t CronField::daysOf(int length, int weekdayOfFirst) const {
  const std::uint64_t month = ((std::uint64_t{1} << (length + 1)) - 1) & ~std::uint64_t{1};
  const auto allowed = allowed_.front();
  if (part_ == CronPart::weekday) {
    std::uint32_t days = 0;
    for (int day = 1; day <= length; ++day) {
      if ((allowed >> ((weekdayOfFirst + day - 1) % 7) & 1) != 0) days |= 1u << day;
    }
    return days;
  }
  std::uint64_t days = allowed << 1;
  if (lastDay_) days |= std::uint64_t{1} << length;
  for (int weekday = 0; weekday < 7; ++weekday) {
    const int first = 1 + (weekday - weekdayOfFirst + 7) % 7;
    for (std::size_t nth = 0; nth < nthWeekdays_.size(); ++nth) {
      if ((nthWeekdays_[nth] >> weekday & 1) == 0) continue;
      const int day = nth == 0 ? first + (length - first) / 7 * 7 : first + (static_cast<int>(nth) - 1) * 7;
      days |= std::uint64_t{1} << day;  // one past the month's end is cut below
    }
  }
  return static_cast<std::uint32_t>(days & month);
}

}  // namespace mortise::services
