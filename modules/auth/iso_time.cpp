#include "iso_time.hpp"

#include <mortise/time.hpp>

#include <chrono>

namespace auth {

namespace {

constexpr std::int64_t kSecond = 1000000;

// Takes `digits` decimal digits off the front.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool skip(std::string_view& text, std::string_view oneOf) {
  if (text.empty() || oneOf.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Microseconds of ".25"; 0 without a fraction.
std::optional<std::int64_t> fraction(std::string_view& text) {
  if (!skip(text, ".")) return 0;
  std::int64_t value = 0, unit = kSecond / 10;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value += unit * (text.front() - '0');
    unit /= 10;
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return value;
}

// Seconds east of UTC.
std::optional<int> offset(std::string_view& text) {
  if (skip(text, "Zz")) return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!skip(text, "+-")) return std::nullopt;
  const auto hours = number(text, 2);
  if (!hours || !skip(text, ":")) return std::nullopt;
  const auto minutes = number(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int seconds = *hours * 3600 + *minutes * 60;
  return west ? -seconds : seconds;
}

}  // namespace

std::string isoTime(std::int64_t microseconds) { return mortise::isoTime(microseconds, 3); }

std::optional<std::int64_t> parseIsoTime(std::string_view text) {
  const auto year = number(text, 4);
  if (!year || !skip(text, "-")) return std::nullopt;
  const auto month = number(text, 2);
  if (!month || !skip(text, "-")) return std::nullopt;
  const auto day = number(text, 2);
  if (!day || !skip(text, "Tt ")) return std::nullopt;
  const auto hour = number(text, 2);
  if (!hour || !skip(text, ":")) return std::nullopt;
  const auto minute = number(text, 2);
  if (!minute || !skip(text, ":")) return std::nullopt;
  const auto second = number(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto rest = fraction(text);
  if (!rest) return std::nullopt;
  const auto east = offset(text);
  if (!east || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + *hour) * 60 + *minute;
  return (minutes * 60 + *second - *east) * kSecond + *rest;
}

}  // namespace auth
