// The module's own rate limits: buckets whose keys only a handler knows.
#pragma once

#include <mortise/limits.hpp>

#include <string_view>

namespace auth {

// Takes one of `bucket` (a name under x-mortise-buckets of a contract). Problem 429 rate_limited with the details that
// every family tells its own way when there is none left, 503 when the store of limits is down.
void takeLimit(const mortise::Limits& limits, std::string_view bucket, std::string_view key);
// The same, but takes nothing.
void peekLimit(const mortise::Limits& limits, std::string_view bucket, std::string_view key);

}  // namespace auth
