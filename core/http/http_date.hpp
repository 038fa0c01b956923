// HTTP dates (IMF-fixdate): written for Date and Last-Modified, read from If-Modified-Since and If-Range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::http {

std::string formatHttpDate(std::int64_t secondsSinceEpoch);
// Of the three forms of RFC 9110 only the current one is read; anything else is "no date".
std::optional<std::int64_t> parseHttpDate(std::string_view text);

}  // namespace mortise::http
