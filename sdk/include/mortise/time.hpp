// Times as modules keep them (UTC, microseconds) and as they stand on the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::inline sdk1 {

// A point in time, UTC, in microseconds: for columns (BIGINT), options and JSON. Arithmetic with std::chrono durations:
//   const Time expiresAt = now() + host.config().duration("pending_lifetime");
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// The server's clock. [any]
inline Time now() { return std::chrono::time_point_cast<Time::duration>(std::chrono::system_clock::now()); }
// Microseconds since the epoch, and back.
constexpr std::int64_t micros(Time time) noexcept { return time.time_since_epoch().count(); }
constexpr Time timeOf(std::int64_t microseconds) noexcept { return Time(Time::duration(microseconds)); }

// How an API family writes a time: so many digits of the fraction (0 to 6; the rest is cut), and what stands for UTC.
struct TimeForm {
  std::uint8_t digits = 6;
  const char* zone = "Z";
};
inline constexpr TimeForm kIsoMicros{6, "Z"};       // 2026-01-08T08:14:00.123456Z
inline constexpr TimeForm kIsoMillis{3, "Z"};       // 2026-01-08T08:14:00.123Z
inline constexpr TimeForm kIsoSeconds{0, "Z"};      // 2026-01-08T08:14:00Z
inline constexpr TimeForm kIsoOffset{6, "+00:00"};  // 2026-01-08T08:14:00.123456+00:00, as the unified family writes it

inline std::int64_t nowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// RFC 3339 in UTC: "2026-01-08T08:14:00.123456Z". `digits` of the fraction, 0 to 6, the rest is cut; `zone` is what
// stands for UTC, "Z" or "+00:00". A time outside of the years 0000 to 9999, which are all that the format has, is
// written as the nearest within.
inline std::string isoTime(std::int64_t micros, std::size_t digits = 6, const char* zone = "Z") {
  constexpr std::int64_t kFirst = -62167219200000000, kLast = 253402300799999999;
  const Time time = timeOf(micros < kFirst ? kFirst : micros > kLast ? kLast : micros);
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[] = "0000-00-00T00:00:00.000000";
  const auto write = [&text](std::size_t at, std::size_t count, auto value) {
    for (; count > 0; value /= 10) text[at + --count] = static_cast<char>('0' + value % 10);
  };
  write(0, 4, static_cast<int>(date.year()));
  write(5, 2, static_cast<unsigned>(date.month()));
  write(8, 2, static_cast<unsigned>(date.day()));
  write(11, 2, clock.hours().count());
  write(14, 2, clock.minutes().count());
  write(17, 2, clock.seconds().count());
  write(20, 6, clock.subseconds().count());
  std::string out(text, digits == 0 ? 19 : 20 + (digits < 6 ? digits : 6));
  return out.append(zone);
}

// "2026-01-08T08:14:00.123456+00:00", as the unified family writes times.
inline std::string isoOffset(std::int64_t micros) { return isoTime(micros, 6, "+00:00"); }

inline std::string isoTime(Time time, TimeForm form = {}) { return isoTime(micros(time), form.digits, form.zone); }

namespace detail {

// Takes `digits` decimal digits off the front; -1 when they are not there.
constexpr int takeDigits(std::string_view& text, std::size_t digits) noexcept {
  if (text.size() < digits) return -1;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}
constexpr bool takeOneOf(std::string_view& text, std::string_view characters) noexcept {
  if (text.empty() || characters.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace detail

// The time of an RFC 3339 date-time, as a contract's `format: date-time` lets it through: offset required, a fraction
// of any length (what is finer than microseconds is cut), second 60 is the next minute. Empty for anything else. [any]
inline std::optional<Time> parseTime(std::string_view text) {
  const int year = detail::takeDigits(text, 4);
  if (year < 0 || !detail::takeOneOf(text, "-")) return std::nullopt;
  const int month = detail::takeDigits(text, 2);
  if (month < 0 || !detail::takeOneOf(text, "-")) return std::nullopt;
  const int day = detail::takeDigits(text, 2);
  if (day < 0 || !detail::takeOneOf(text, "Tt ")) return std::nullopt;
  const int hour = detail::takeDigits(text, 2);
  if (hour < 0 || !detail::takeOneOf(text, ":")) return std::nullopt;
  const int minute = detail::takeDigits(text, 2);
  if (minute < 0 || !detail::takeOneOf(text, ":")) return std::nullopt;
  const int second = detail::takeDigits(text, 2);
  if (second < 0 || hour > 23 || minute > 59 || second > 60) return std::nullopt;

  std::int64_t fraction = 0;
  if (detail::takeOneOf(text, ".")) {
    std::size_t digits = 0;
    for (std::int64_t unit = 100000; !text.empty() && text[0] >= '0' && text[0] <= '9'; unit /= 10, ++digits) {
      fraction += unit * (text[0] - '0');
      text.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
  }
  int east = 0;  // seconds
  if (!detail::takeOneOf(text, "Zz")) {
    const bool west = !text.empty() && text[0] == '-';
    if (!detail::takeOneOf(text, "+-")) return std::nullopt;
    const int hours = detail::takeDigits(text, 2);
    if (hours < 0 || !detail::takeOneOf(text, ":")) return std::nullopt;
    const int minutes = detail::takeDigits(text, 2);
    if (minutes < 0 || hours > 23 || minutes > 59) return std::nullopt;
    east = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
  }
  if (!text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second - east) + std::chrono::microseconds(fraction);
}

}  // namespace mortise::inline sdk1
