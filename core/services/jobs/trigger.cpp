#include "core/services/jobs/trigger.hpp"

#include <algorithm>
#include <bitset>
#include <charconv>
#include <utility>
#include <vector>

#include "core/base/text.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kMicros = 1'000'000;
constexpr int kFirstYear = 1970;
constexpr int kLastYear = 9999;

[[noreturn]] void refuse(const std::string& why) { throw ServiceError(ErrorKind::invalid, "trigger: " + why); }

// Howard Hinnant's days_from_civil.
std::int64_t daysFromCivil(std::int64_t year, int month, int day) {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto yearOfEra = static_cast<int>(year - era * 400);
  const int dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

struct Date {
  int year = 0, month = 0, day = 0;
};

Date civilFromDays(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto dayOfEra = static_cast<int>(days - era * 146097);
  const int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const int shifted = (5 * dayOfYear + 2) / 153;
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<int>(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month,
          dayOfYear - (153 * shifted + 2) / 5 + 1};
}

int daysIn(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

std::optional<int> numberIn(std::string_view text) {
  int value = 0;
  if (text.empty() || text.size() > 9 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct FieldKind {
  const char* name;
  int minimum, maximum;
  std::vector<std::string_view> names;  // of minimum, minimum + 1, ...
};

const std::vector<FieldKind>& fieldKinds() {
  static const std::vector<FieldKind> kKinds = {
      {"second", 0, 59, {}},
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day", 1, 31, {}},
      {"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"weekday", 0, 6, {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}},
      {"year", kFirstYear, kLastYear, {}},
  };
  return kKinds;
}

// Allowed values of one field, as offsets from its minimum.
class Field {
 public:
  Field(const FieldKind& kind, std::string_view text)
      : kind_(kind), allowed_(static_cast<std::size_t>(kind.maximum - kind.minimum + 1)) {
    for (const auto element : text::split(text, ',')) add(element);
  }

  bool has(int value) const { return allowed_[static_cast<std::size_t>(value - kind_.minimum)]; }
  // The first allowed value >= `from`, or -1.
  int next(int from) const {
    for (int value = std::max(from, kind_.minimum); value <= kind_.maximum; ++value) {
      if (has(value)) return value;
    }
    return -1;
  }

 private:
  [[noreturn]] void wrong(std::string_view element, const std::string& rule) const {
    refuse(std::string(kind_.name) + " \"" + std::string(element) + "\": " + rule);
  }

  std::optional<int> named(std::string_view text) const {
    for (std::size_t i = 0; i < kind_.names.size(); ++i) {
      if (text::equalsIgnoreCase(kind_.names[i], text)) return kind_.minimum + static_cast<int>(i);
    }
    return std::nullopt;
  }

  int value(std::string_view element, std::string_view text) const {
    const auto number = numberIn(text);
    if (!number || *number < kind_.minimum || *number > kind_.maximum) {
      wrong(element,
            "use " + std::to_string(kind_.minimum) + " to " + std::to_string(kind_.maximum) +
                (kind_.names.empty() ? std::string{} : ", or a name like " + std::string(kind_.names.front())) +
                (std::string_view(kind_.name) == "weekday" ? "; 0 is Monday, 6 is Sunday" : ""));
    }
    return *number;
  }

  void add(std::string_view element) {
    if (element.empty()) wrong(element, "an element of the list is empty");
    const auto slash = element.find('/');
    const auto range = element.substr(0, slash);
    int first = kind_.minimum;
    int last = kind_.maximum;
    bool names = false;
    if (range != "*") {
      const auto dash = range.find('-');
      const auto left = range.substr(0, dash);
      const auto firstName = named(left);
      names = firstName.has_value();
      first = names ? *firstName : value(element, left);
      if (dash == std::string_view::npos) {
        last = slash == std::string_view::npos ? first : kind_.maximum;
      } else {
        const auto right = range.substr(dash + 1);
        const auto lastName = named(right);
        if (lastName.has_value() != names) wrong(element, "names and numbers can't be mixed in a range");
        last = names ? *lastName : value(element, right);
      }
      if (first > last) wrong(element, "the range ends before it starts");
    }
    int step = 1;
    if (slash != std::string_view::npos) {
      if (names) wrong(element, "names take no step");
      const auto number = numberIn(element.substr(slash + 1));
      if (!number || *number == 0 || *number > last - first) {
        wrong(element, "the step must be a number from 1 to " + std::to_string(last - first));
      }
      step = *number;
    }
    for (int i = first; i <= last; i += step) allowed_[static_cast<std::size_t>(i - kind_.minimum)] = true;
  }

  const FieldKind& kind_;
  std::vector<bool> allowed_;
};

class Cron {
 public:
  explicit Cron(const std::vector<std::string_view>& parts)
      : second_(fieldKinds()[0], parts.size() == 5 ? "0" : parts[0]),
        minute_(fieldKinds()[1], part(parts, 0)),
        hour_(fieldKinds()[2], part(parts, 1)),
        day_(fieldKinds()[3], part(parts, 2)),
        month_(fieldKinds()[4], part(parts, 3)),
        weekday_(fieldKinds()[5], part(parts, 4)),
        year_(fieldKinds()[6], parts.size() == 7 ? parts[6] : "*") {}

  std::optional<std::int64_t> next(std::int64_t fromSeconds) const {
    const std::int64_t startDay = std::max<std::int64_t>(fromSeconds, 0) / 86400;
    const auto startTime = static_cast<int>(std::max<std::int64_t>(fromSeconds, 0) % 86400);
    const Date start = civilFromDays(startDay);
    for (int year = year_.next(start.year); year >= 0 && year <= kLastYear; year = year_.next(year + 1)) {
      const bool startYear = year == start.year;
      for (int month = month_.next(startYear ? start.month : 1); month > 0; month = month_.next(month + 1)) {
        const bool startMonth = startYear && month == start.month;
        const std::int64_t before = daysFromCivil(year, month, 1) - 1;
        for (int day = day_.next(startMonth ? start.day : 1); day > 0 && day <= daysIn(year, month);
             day = day_.next(day + 1)) {
          const std::int64_t days = before + day;
          if (!weekday_.has(static_cast<int>((days + 3) % 7))) continue;  // 1970-01-01 was a Thursday
          const int time = timeFrom(days == startDay ? startTime : 0);
          if (time >= 0) return days * 86400 + time;
        }
      }
    }
    return std::nullopt;
  }

 private:
  static std::string_view part(const std::vector<std::string_view>& parts, std::size_t index) {
    return parts[index + (parts.size() == 5 ? 0 : 1)];
  }

  // First matching second of the day at or after `from`, or -1.
  int timeFrom(int from) const {
    for (int hour = hour_.next(from / 3600); hour >= 0; hour = hour_.next(hour + 1)) {
      const bool startHour = hour == from / 3600;
      for (int minute = minute_.next(startHour ? from / 60 % 60 : 0); minute >= 0; minute = minute_.next(minute + 1)) {
        const bool startMinute = startHour && minute == from / 60 % 60;
        const int second = second_.next(startMinute ? from % 60 : 0);
        if (second >= 0) return hour * 3600 + minute * 60 + second;
      }
    }
    return -1;
  }

  Field second_, minute_, hour_, day_, month_, weekday_, year_;
};

// Whole seconds of "P1DT2H"; weeks, days, hours, minutes, seconds.
std::int64_t durationSeconds(std::string_view text) {
  const std::string shown(text);
  const auto wrong = [&](const char* rule) { refuse("every \"" + shown + "\": " + rule); };
  if (!text.starts_with('P')) wrong("write an ISO 8601 duration like PT5M or P1D");
  text.remove_prefix(1);
  std::int64_t total = 0;
  std::string_view units = "WD";
  bool any = false;
  while (!text.empty()) {
    if (text.front() == 'T' && units != "HMS" && units != "MS" && units != "S" && !units.starts_with('!')) {
      text.remove_prefix(1);
      units = "HMS";
      if (text.empty()) wrong("nothing follows T");
      continue;
    }
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    const auto number = numberIn(text.substr(0, digits));
    if (!number || digits == text.size()) wrong("a whole number and a unit are expected");
    const char unit = text[digits];
    const auto at = units.find(unit);
    if (at == std::string_view::npos) wrong("only W, D, and after T: H, M, S, once each and in this order");
    units = units.substr(at + 1);
    const int perUnit = unit == 'W' ? 604800 : unit == 'D' ? 86400 : unit == 'H' ? 3600 : unit == 'M' ? 60 : 1;
    total += std::int64_t{*number} * perUnit;
    any = true;
    text.remove_prefix(digits + 1);
  }
  if (!any || total <= 0) wrong("the duration must be at least one second");
  if (total > 3660ll * 86400) wrong("the duration must be at most ten years");
  return total;
}

std::int64_t instantMicros(std::string_view text) {
  const std::string shown(text);
  const auto wrong = [&]() { refuse("at \"" + shown + "\": write a time like 2030-01-01T00:00:00Z"); };
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' ||
      text[16] != ':') {
    wrong();
  }
  const auto number = [&](std::size_t at, std::size_t size, int minimum, int maximum) {
    const auto value = numberIn(text.substr(at, size));
    if (!value || *value < minimum || *value > maximum) wrong();
    return *value;
  };
  const int year = number(0, 4, kFirstYear, kLastYear);
  const int month = number(5, 2, 1, 12);
  const int day = number(8, 2, 1, daysIn(year, month));
  const int seconds = number(11, 2, 0, 23) * 3600 + number(14, 2, 0, 59) * 60 + number(17, 2, 0, 59);
  std::int64_t micros = (daysFromCivil(year, month, day) * 86400 + seconds) * kMicros;
  std::size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = kMicros / 10;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      micros += (text[at] - '0') * unit;
    if (text[at - 1] == '.') wrong();
  }
  const auto zone = text.substr(at);
  if (zone.empty() || zone == "Z") return micros;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') wrong();
  const int offset = number(at + 1, 2, 0, 23) * 60 + number(at + 4, 2, 0, 59);
  return micros - (zone[0] == '+' ? 1 : -1) * offset * 60 * kMicros;
}

}  // namespace

struct Trigger::Rule {
  std::unique_ptr<const Cron> cron;
  std::int64_t every = 0;  // seconds
  std::int64_t at = 0;     // microseconds
};

Trigger::Trigger(std::string text, std::shared_ptr<const Rule> rule) : text_(std::move(text)), rule_(std::move(rule)) {}
Trigger::~Trigger() = default;
Trigger::Trigger(const Trigger&) = default;
Trigger& Trigger::operator=(const Trigger&) = default;
Trigger::Trigger(Trigger&&) noexcept = default;
Trigger& Trigger::operator=(Trigger&&) noexcept = default;

Trigger Trigger::parse(std::string_view input, std::string_view zone) {
  if (!zone.empty() && zone != "UTC")
    refuse("time zone " + std::string(zone) + " is not served by this build; use UTC");
  const auto colon = input.find(':');
  const auto kind = text::trim(input.substr(0, colon));
  if (colon == std::string_view::npos || (kind != "cron" && kind != "every" && kind != "at")) {
    refuse("\"" + std::string(input.substr(0, 80)) + "\" starts with neither \"cron:\", \"every:\" nor \"at:\"");
  }
  const auto rest = text::trim(input.substr(colon + 1));
  auto rule = std::make_shared<Rule>();
  if (kind == "every") {
    rule->every = durationSeconds(rest);
  } else if (kind == "at") {
    rule->at = instantMicros(rest);
  } else {
    std::vector<std::string_view> parts;
    for (const auto part : text::split(rest, ' ')) {
      if (!part.empty()) parts.push_back(part);
    }
    if (parts.size() < 5 || parts.size() > 7) {
      refuse("cron \"" + std::string(rest.substr(0, 80)) + "\" has " + std::to_string(parts.size()) +
             " fields; 5 (minute hour day month weekday), 6 (second first) or 7 (year last) are expected");
    }
    rule->cron = std::make_unique<Cron>(parts);
  }
  return Trigger(std::string(input), std::move(rule));
}

std::optional<std::int64_t> Trigger::next(std::int64_t fromMicros) const {
  if (rule_->at != 0) return rule_->at >= fromMicros ? std::optional(rule_->at) : std::nullopt;
  const std::int64_t seconds =
      std::max<std::int64_t>(fromMicros, 0) / kMicros + (fromMicros > 0 && fromMicros % kMicros != 0 ? 1 : 0);
  if (rule_->every != 0) return (seconds + rule_->every - 1) / rule_->every * rule_->every * kMicros;
  const auto found = rule_->cron->next(seconds);
  return found ? std::optional(*found * kMicros) : std::nullopt;
}

}  // namespace mortise::services
