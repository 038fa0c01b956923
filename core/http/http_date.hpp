// HTTP dates (RFC 9110 5.6.7): written for Date and Last-Modified, read from If-Modified-Since and If-Range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::http {

std::string formatHttpDate(std::int64_t secondsSinceEpoch);
// Reads all three forms; anything else is "no date". `now`, in seconds, tells the century of a year of two digits.
std::optional<std::int64_t> parseHttpDate(std::string_view text, std::int64_t now);

}  // namespace mortise::http
