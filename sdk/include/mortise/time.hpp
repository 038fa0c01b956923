// Times as modules keep them (microseconds since the epoch, UTC) and as they stand on the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>

namespace mortise::inline sdk1 {

inline std::int64_t nowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// RFC 3339 in UTC: "2026-01-08T08:14:00.123456Z". `digits` of the fraction, 1 to 6, the rest is cut; `zone` is what
// stands for UTC, "Z" or "+00:00".
inline std::string isoTime(std::int64_t micros, std::size_t digits = 6, const char* zone = "Z") {
  constexpr std::int64_t kSecond = 1000000;
  std::int64_t seconds = micros / kSecond;
  std::int64_t rest = micros % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&when, &parts);
  char date[48];
  std::snprintf(date, sizeof date, "%04d-%02d-%02dT%02d:%02d:%02d", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, "%06d", static_cast<int>(rest));
  return std::string(date) + "." + std::string(fraction, digits) + zone;
}

// "2026-01-08T08:14:00.123456+00:00", as the unified family writes times.
inline std::string isoOffset(std::int64_t micros) { return isoTime(micros, 6, "+00:00"); }

}  // namespace mortise::inline sdk1
