#include "core/http/http_date.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>

#include "core/http/ascii.hpp"

namespace mortise::http {
namespace {

constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr std::array<const char*, 7> kLongDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                               "Thursday", "Friday", "Saturday"};

std::optional<int> number(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (!isDigit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

template <std::size_t Count>
bool isOneOf(const std::array<const char*, Count>& names, std::string_view text) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

struct Pieces {
  std::string_view day, month, year, time;
};

std::optional<std::int64_t> secondsOf(const Pieces& pieces) {
  const auto month = std::find(kMonths.begin(), kMonths.end(), pieces.month);
  const auto day = number(pieces.day);
  const auto year = number(pieces.year);
  const auto time = pieces.time;
  if (month == kMonths.end() || !day || !year || time.size() != 8 || time[2] != ':' || time[5] != ':')
    return std::nullopt;
  const auto hour = number(time.substr(0, 2));
  const auto minute = number(time.substr(3, 2));
  const auto second = number(time.substr(6, 2));
  if (!hour || !minute || !second) return std::nullopt;
  if (*day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60 || *year < 1970) return std::nullopt;
  std::tm parts{};
  parts.tm_mday = *day;
  parts.tm_mon = static_cast<int>(month - kMonths.begin());
  parts.tm_year = *year - 1900;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  return static_cast<std::int64_t>(::timegm(&parts));
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> parseFixed(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  if (!isOneOf(kDays, text.substr(0, 3)) || text[7] != ' ' || text[11] != ' ' || text[16] != ' ') return std::nullopt;
  return secondsOf({text.substr(5, 2), text.substr(8, 3), text.substr(12, 4), text.substr(17, 8)});
}

// "Sunday, 06-Nov-94 08:49:37 GMT". A year that seems to lie more than 50 years ahead is one of the past.
std::optional<std::int64_t> parseRfc850(std::string_view text, std::int64_t now) {
  const auto comma = text.find(", ");
  if (comma == std::string_view::npos || !isOneOf(kLongDays, text.substr(0, comma))) return std::nullopt;
  text.remove_prefix(comma + 2);
  if (text.size() != 22 || text[2] != '-' || text[6] != '-' || text[9] != ' ' || text.substr(18) != " GMT")
    return std::nullopt;
  const auto digits = number(text.substr(7, 2));
  if (!digits) return std::nullopt;
  const auto at = static_cast<std::time_t>(now);
  std::tm today{};
  if (::gmtime_r(&at, &today) == nullptr) return std::nullopt;
  const int thisYear = today.tm_year + 1900;
  int year = thisYear - thisYear % 100 + *digits;
  if (year > thisYear + 50) year -= 100;
  return secondsOf({text.substr(0, 2), text.substr(3, 3), std::to_string(year), text.substr(10, 8)});
}

// "Sun Nov  6 08:49:37 1994"
std::optional<std::int64_t> parseAsctime(std::string_view text) {
  if (text.size() != 24 || !isOneOf(kDays, text.substr(0, 3)) || text[3] != ' ' || text[7] != ' ' || text[10] != ' ' ||
      text[19] != ' ')
    return std::nullopt;
  const auto day = text[8] == ' ' ? text.substr(9, 1) : text.substr(8, 2);
  return secondsOf({day, text.substr(4, 3), text.substr(20, 4), text.substr(11, 8)});
}

}  // namespace

std::string formatHttpDate(std::int64_t secondsSinceEpoch) {
  const std::time_t time = static_cast<std::time_t>(secondsSinceEpoch);
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return "Thu, 01 Jan 1970 00:00:00 GMT";
  char buffer[64];
  const int length = std::snprintf(buffer, sizeof buffer, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                   kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                                   parts.tm_min, parts.tm_sec);
  return std::string(buffer, static_cast<std::size_t>(length));
}

std::optional<std::int64_t> parseHttpDate(std::string_view text, std::int64_t now) {
  if (const auto fixed = parseFixed(text)) return fixed;
  if (const auto old = parseRfc850(text, now)) return old;
  return parseAsctime(text);
}

}  // namespace mortise::http
