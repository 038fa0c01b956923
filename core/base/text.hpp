// Text helpers used everywhere: UTF-8, percent-encoding, ASCII case folding, nearest name.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::text {

bool isUtf8(std::string_view bytes);
// Code points of valid UTF-8.
std::size_t length(std::string_view utf8);
// The first `bytes` bytes at most, without a character that does not fit whole. Of what is no UTF-8, exactly that many.
std::string_view head(std::string_view utf8, std::size_t bytes);
// Converts to text that every database accepts: valid UTF-8 without NUL.
std::string storable(std::string_view text);
// Percent-decodes. Returns nullopt for a bad escape, and for NUL or invalid UTF-8 in the result. `plusIsSpace`: for
// queries and forms.
std::optional<std::string> percentDecode(std::string_view raw, bool plusIsSpace = false);
// Encodes everything except RFC 3986 unreserved characters.
std::string percentEncode(std::string_view raw);
std::string lower(std::string_view ascii);
bool equalsIgnoreCase(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
// The candidate with the smallest edit distance, if that is at most a third of the length; else empty.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);
std::string hex(std::string_view bytes);
std::string base64(std::string_view bytes);
std::string base64Url(std::string_view bytes);                    // no padding
std::optional<std::string> fromBase64Url(std::string_view text);  // strict
std::optional<std::string> fromBase64(std::string_view text);

}  // namespace mortise::text
