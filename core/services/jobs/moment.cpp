#include "core/services/jobs/moment.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdlib>

#include "core/base/text.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

// Reads from the front of a text; after a mismatch `good` stays false.
struct Scanner {
  std::string_view left;
  bool good = true;

  bool take(char c) {
    if (left.empty() || left.front() != c) return false;
    left.remove_prefix(1);
    return true;
  }
  void expect(char c) { good = take(c) && good; }
  // Exactly `digits` digits.
  int number(std::size_t digits, int minimum, int maximum) {
    int value = 0;
    const auto* end = left.data() + digits;
    good = good && left.size() >= digits && left.front() >= '0' && left.front() <= '9' &&
           std::from_chars(left.data(), end, value).ptr == end && value >= minimum && value <= maximum;
    left.remove_prefix(std::min(digits, left.size()));
    return value;
  }
  // After the point; digits below a microsecond are dropped.
  std::int64_t fraction() {
    std::int64_t micros = 0;
    std::int64_t unit = kMicros / 10;
    good = good && !left.empty() && left.front() >= '0' && left.front() <= '9';
    for (; !left.empty() && left.front() >= '0' && left.front() <= '9'; left.remove_prefix(1), unit /= 10)
      micros += (left.front() - '0') * unit;
    return micros;
  }
};

}  // namespace

std::optional<Moment> readMoment(std::string_view text, const TimeZone& zone) {
  namespace chrono = std::chrono;
  Scanner in{text::trim(text)};
  const int year = in.number(4, 1970, 9999);
  in.expect('-');
  const int month = in.number(2, 1, 12);
  in.expect('-');
  const int day = in.number(2, 1, 31);
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!in.good || !date.ok()) return std::nullopt;
  std::int64_t civil = chrono::sys_days(date).time_since_epoch().count() * 86400LL;
  std::int64_t micros = 0;
  Moment moment;
  std::int64_t offset = 0;
  if (!in.left.empty()) {
    in.good = in.take('T') || in.take(' ');
    civil += in.number(2, 0, 23) * 3600LL;
    in.expect(':');
    civil += in.number(2, 0, 59) * 60LL;
    if (in.take(':')) civil += in.number(2, 0, 59);
    if (in.take('.')) micros = in.fraction();
    if (in.take('Z')) {
      moment.hasOffset = true;
    } else if (!in.left.empty()) {
      const int sign = in.left.front() == '-' ? -1 : 1;
      in.good = in.good && (in.take('+') || in.take('-'));
      const int hours = in.number(2, 0, 23);
      in.expect(':');
      offset = sign * (hours * 3600LL + in.number(2, 0, 59) * 60LL);
      moment.hasOffset = true;
    }
    if (!in.good || !in.left.empty()) return std::nullopt;
  }
  moment.micros = (moment.hasOffset ? civil - offset : zone.instantOf(civil)) * kMicros + micros;
  return moment;
}

std::string writeMoment(std::int64_t micros, const TimeZone& zone) {
  namespace chrono = std::chrono;
  const auto instant = chrono::floor<chrono::seconds>(chrono::microseconds(micros)).count();
  const auto offset = zone.at(instant).offset;
  const chrono::seconds civil(instant + offset);
  const auto days = chrono::floor<chrono::days>(civil);
  const chrono::year_month_day date{chrono::sys_days(days)};
  const chrono::hh_mm_ss time(civil - days);
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                          time.minutes().count(), time.seconds().count());
  const auto fraction = micros - instant * kMicros;
  if (fraction != 0) text += fmt::format(".{:06}", fraction);
  const auto distance = std::abs(offset);
  text += fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', distance / 3600, distance / 60 % 60);
  if (distance % 60 != 0) text += fmt::format(":{:02}", distance % 60);
  return text;
}

}  // namespace mortise::services
