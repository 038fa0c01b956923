// Moments as ISO 8601 text, in any zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/jobs/time_zone.hpp"

namespace mortise::services {

// The last moment that a trigger may name: the end of the year 9999, in seconds since the epoch.
inline constexpr std::int64_t kLastSecond = 253402300799;

struct Moment {
  std::int64_t micros = 0;
  bool hasOffset = false;
};

// "2030-01-01", "2030-01-01T10:00", with blank for T, ":SS", a fraction, "Z" or "+08:00". Without an offset the time is
// in `zone`. nullopt for anything else, and before 1970 or after 9999.
std::optional<Moment> readMoment(std::string_view text, const TimeZone& zone);
// "2026-03-08T03:30:00-04:00"; a fraction only when there is one.
std::string writeMoment(std::int64_t micros, const TimeZone& zone);

}  // namespace mortise::services
