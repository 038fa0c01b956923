// Times on the wire. Plain C++.
#pragma once

#include <cstdint>
#include <string>

namespace auth {

// "2026-02-24T09:30:00.123Z" for microseconds since the epoch.
std::string isoTime(std::int64_t microseconds);
// Microseconds since the epoch.
std::int64_t now();

}  // namespace auth
