// HTTP dates (IMF-fixdate): written for Date and Last-Modified, read from If-Modified-Since and If-Range.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::http {

std::string formatHttpDate(std::int64_t secondsSinceEpoch);
// The three forms RFC 9110 asks for are reduced to the one in use; anything else is "no date".
std::optional<std::int64_t> parseHttpDate(std::string_view text);

}  // namespace mortise::http
