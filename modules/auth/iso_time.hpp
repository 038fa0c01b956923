// Times on the wire. Plain C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

// "2026-02-24T09:30:00.123Z" for microseconds since the epoch.
std::string isoTime(std::int64_t microseconds);
// Microseconds since the epoch for an RFC 3339 date-time, as a contract's `format: date-time` lets through; what is
// finer is cut. Empty for anything else.
std::optional<std::int64_t> parseIsoTime(std::string_view text);

}  // namespace auth
