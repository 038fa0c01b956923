// ASCII letters, digits and blanks, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace skills::ascii {

inline bool isDigit(char c) noexcept { return c >= '0' && c <= '9'; }
inline bool isUpper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
inline bool isLower(char c) noexcept { return c >= 'a' && c <= 'z'; }
inline bool isAlphanumeric(char c) noexcept { return isDigit(c) || isUpper(c) || isLower(c); }
inline bool isBlank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
inline char lower(char c) noexcept { return isUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}
// Without the blanks around it.
inline std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace skills::ascii
