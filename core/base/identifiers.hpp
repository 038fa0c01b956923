// Random bytes (libsodium), UUIDs (RFC 9562) and times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise {

std::string randomBytes(std::size_t count);
std::string uuid4();
std::string uuid7();
bool isUuid(std::string_view text);

// Microseconds since the epoch, UTC. Uses the system clock; tests and faketime move it.
std::int64_t nowMicros();
std::string isoMillis(std::int64_t micros);  // 2026-02-24T09:30:00.123Z
std::string isoMicros(std::int64_t micros);  // 2026-02-24T09:30:00.123456Z
std::string isoOffset(std::int64_t micros);  // 2026-02-24T09:30:00.123456+00:00

bool equalsConstantTime(std::string_view a, std::string_view b);
std::string sha256(std::string_view bytes);                            // 32 raw bytes
std::string hmacSha256(std::string_view key, std::string_view bytes);  // 32 raw bytes

}  // namespace mortise
