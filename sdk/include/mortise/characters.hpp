// Characters (code points) of UTF-8 text. Texts are valid UTF-8, as the kernel hands them out; of others some answer comes,
// and nothing is read beyond the end. firstCodePoint() checks what came from elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::inline sdk1 {

namespace detail {

// The character at `at`, which moves behind it.
inline char32_t nextCharacter(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0xC0) return lead;
  const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t c = lead & (0x3FU >> more);
  for (int i = 0; i < more && at < text.size(); ++i) c = (c << 6U) | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  return c;
}

inline bool isControlCharacter(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

inline bool startsCharacter(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

}  // namespace detail

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;  // bytes; 0: none begins there
};

// The character at the beginning of a text that need not be UTF-8; none of an empty one. Overlong forms, surrogates and
// what is above U+10FFFF are no UTF-8 (RFC 3629). [any]
inline CodePoint firstCodePoint(std::string_view text) noexcept {
  if (text.empty()) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t value = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    value = value << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kLeast[size] || value > 0x10FFFF || surrogate) return {};
  return {value, size};
}

// No control characters (U+0000-1F, U+007F-9F). [any]
inline bool isOneLine(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (detail::isControlCharacter(detail::nextCharacter(text, at))) return false;
  }
  return true;
}

// As isOneLine(), but LF, CR and CR LF are fine. [any]
inline bool isMultiLine(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = detail::nextCharacter(text, at);
    if (c != '\n' && c != '\r' && detail::isControlCharacter(c)) return false;
  }
  return true;
}

// How many there are. [any]
inline std::size_t characterCount(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), detail::startsCharacter));
}

// Of the text at most `most` bytes from its start, without a part of a character. A part of `text`. [any]
inline std::string_view firstBytes(std::string_view text, std::size_t most) noexcept {
  if (text.size() <= most) return text;
  while (most > 0 && !detail::startsCharacter(text[most])) --most;
  return text.substr(0, most);
}

// The first `count` characters, cut between two of them. [any]
inline std::string firstCharacters(std::string_view text, std::size_t count) {
  std::size_t characters = 0, end = 0;
  for (; end < text.size(); ++end) {
    if (detail::startsCharacter(text[end]) && ++characters > count) break;
  }
  return std::string(text.substr(0, end));
}

}  // namespace mortise::inline sdk1
