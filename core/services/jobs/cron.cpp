#include "core/services/jobs/cron.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/text.hpp"
#include "core/services/jobs/trigger_error.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kDay = 86400;
// The largest difference between two offsets of a zone.
constexpr std::int64_t kWidestChange = 26LL * 3600;

constexpr std::array<CronPart, kCronParts> kBySignificance = {CronPart::year,    CronPart::month, CronPart::day,
                                                              CronPart::weekday, CronPart::hour,  CronPart::minute,
                                                              CronPart::second};

std::size_t index(CronPart part) { return static_cast<std::size_t>(part); }

std::string minimumOf(CronPart part) {
  switch (part) {
    case CronPart::day:
    case CronPart::month:
      return "1";
    case CronPart::weekday:
    case CronPart::year:
      return "*";
    default:
      return "0";
  }
}

CronTexts effective(const CronTexts& written) {
  CronTexts texts = written;
  bool later = true;  // every field so far is less significant than the last given one
  for (auto part = kBySignificance.rbegin(); part != kBySignificance.rend(); ++part) {
    auto& text = texts[index(*part)];
    if (!text.empty()) {
      later = false;
    } else {
      text = later ? minimumOf(*part) : "*";
    }
  }
  if (later) throw TriggerError("trigger", "no cron expression and no field is given");
  return texts;
}

template <std::size_t... Index>
std::array<CronField, kCronParts> fieldsOf(const CronTexts& texts, std::index_sequence<Index...>) {
  return {CronField(static_cast<CronPart>(Index), texts[Index])...};
}

}  // namespace

Cron::Cron(const CronTexts& texts)
    : isGiven_{}, fields_(fieldsOf(effective(texts), std::make_index_sequence<kCronParts>())) {
  for (std::size_t i = 0; i < kCronParts; ++i) isGiven_[i] = !texts[i].empty();
  for (int length = kMinMonthDays; length <= kMaxMonthDays; ++length) {
    for (int weekday = 0; weekday < 7; ++weekday) {
      days_[static_cast<std::size_t>(length - kMinMonthDays)][static_cast<std::size_t>(weekday)] =
          field(CronPart::day).daysOf(length, weekday) & field(CronPart::weekday).daysOf(length, weekday);
    }
  }
  const auto& months = field(CronPart::month);
  for (int month = months.next(1); month >= 0; month = months.next(month + 1)) {
    if (hasDays(month)) months_ = static_cast<std::uint16_t>(months_ | 1U << month);
  }
}

CronTexts Cron::split(std::string_view expression) {
  constexpr std::string_view kBlank = " \t\n\r\f\v";
  std::vector<std::string> parts;
  for (auto at = expression.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const auto end = std::min(expression.find_first_of(kBlank, at), expression.size());
    parts.emplace_back(expression.substr(at, end - at));
    at = expression.find_first_not_of(kBlank, end);
  }
  if (parts.size() < 5 || parts.size() > kCronParts) {
    throw TriggerError("cron_parts", "cron \"" + std::string(text::head(expression, 80)) + "\" has " +
                                         std::to_string(parts.size()) +
                                         " parts; 5 (minute hour day month weekday), 6 (second first) or 7 (year last) "
                                         "are expected");
  }
  CronTexts texts;
  if (parts.size() == 5) parts.insert(parts.begin(), "0");
  std::move(parts.begin(), parts.end(), texts.begin());
  return texts;
}

// First matching second of a day at or after `from`, or -1.
int Cron::timeFrom(int from) const {
  const auto& hours = field(CronPart::hour);
  const auto& minutes = field(CronPart::minute);
  for (int hour = hours.next(from / 3600); hour >= 0; hour = hours.next(hour + 1)) {
    const bool startHour = hour == from / 3600;
    for (int minute = minutes.next(startHour ? from / 60 % 60 : 0); minute >= 0; minute = minutes.next(minute + 1)) {
      const bool startMinute = startHour && minute == from / 60 % 60;
      const int second = field(CronPart::second).next(startMinute ? from % 60 : 0);
      if (second >= 0) return hour * 3600 + minute * 60 + second;
    }
  }
  return -1;
}

// Whether `month` has an allowed day in any year.
bool Cron::hasDays(int month) const {
  const int length = month == 2 ? 29 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  for (int weekday = 0; weekday < 7; ++weekday) {
    if (daysOf(length, weekday) != 0 || (month == 2 && daysOf(kMinMonthDays, weekday) != 0)) return true;
  }
  return false;
}

std::optional<std::int64_t> Cron::nextCivil(std::int64_t from, SearchBudget& budget) const {
  namespace chrono = std::chrono;
  from = std::max<std::int64_t>(from, 0);
  const std::int64_t startDay = from / kDay;
  const auto startTime = static_cast<int>(from % kDay);
  const chrono::year_month_day start{chrono::sys_days(chrono::days(startDay))};
  const auto& years = field(CronPart::year);
  if (months_ == 0) return std::nullopt;
  for (int year = years.next(static_cast<int>(start.year())); year >= 0; year = years.next(year + 1)) {
    const bool startYear = chrono::year(year) == start.year();
    const unsigned firstMonth = startYear ? static_cast<unsigned>(start.month()) : 1;
    for (unsigned months = months_ >> firstMonth << firstMonth; months != 0; months &= months - 1) {
      const int month = std::countr_zero(months);
      budget.spend();
      const auto inYear = chrono::year(year) / month;
      const std::int64_t first = chrono::sys_days(inYear / 1).time_since_epoch().count();
      const auto length = static_cast<int>(static_cast<unsigned>((inYear / chrono::last).day()));
      const auto weekday = static_cast<int>((first + 3) % 7);  // 1970-01-01 was a Thursday
      for (std::uint32_t days = daysOf(length, weekday); days != 0; days &= days - 1) {
        const std::int64_t day = first + std::countr_zero(days) - 1;
        if (day < startDay) continue;
        const int time = timeFrom(day == startDay ? startTime : 0);
        if (time >= 0) return day * kDay + time;
      }
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> Cron::next(std::int64_t from, const TimeZone& zone, SearchBudget& budget) const {
  constexpr auto kForever = std::numeric_limits<std::int64_t>::max();
  from = std::max(from, -kWidestChange);
  std::optional<std::int64_t> best;
  TimeZone::Segment segment = zone.at(from);
  // Times that the clock skipped just before `from` may still follow.
  if (segment.start > -kForever) {
    const auto before = zone.at(segment.start - 1).offset;
    const auto skipped = nextCivil(from + before, budget);
    if (skipped && *skipped < segment.start + segment.offset) best = *skipped - before;
  }
  for (;;) {
    const auto lower = std::max(from, segment.start);
    const auto civil = nextCivil(lower + segment.offset, budget);
    const auto following = segment.end == kForever ? segment.offset : zone.at(segment.end).offset;
    if (civil && (segment.end == kForever || *civil < segment.end + std::max(segment.offset, following))) {
      const auto instant = *civil - segment.offset;
      if (!best || instant < *best) best = instant;
    }
    if (best && *best < segment.end) return best;
    if (segment.end == kForever) return best;
    // Nothing matches before `civil`, so earlier changes may be skipped; but a segment shorter than a change of the
    // clock does not exclude civil times that repeat in the next one.
    auto at = segment.end;
    if (segment.end - lower >= kWidestChange) {
      if (!civil) return best;
      if (!best) at = std::max(at, *civil - kWidestChange);
    }
    segment = zone.at(at);
  }
}

}  // namespace mortise::services
