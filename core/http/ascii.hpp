// Helpers for the ASCII grammar of HTTP: case-insensitive compare, trimming, token characters, comma lists.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::http {

constexpr char lowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline bool equalsNoCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lowerAscii(a[i]) != lowerAscii(b[i])) return false;
  }
  return true;
}

inline bool startsWithNoCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equalsNoCase(text.substr(0, prefix.size()), prefix);
}

constexpr std::string_view trimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }

constexpr bool isTokenCharacter(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c)) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// -1 when `c` is no hexadecimal digit.
constexpr int hexValue(char c) {
  if (isDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes the next element off a comma list, trimmed. Returns false at the end.
inline bool nextListItem(std::string_view& rest, std::string_view& item) {
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    item = trimBlanks(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    if (!item.empty()) return true;
  }
  return false;
}

inline bool listContains(std::string_view list, std::string_view token) {
  std::string_view item;
  while (nextListItem(list, item)) {
    if (equalsNoCase(item, token)) return true;
  }
  return false;
}

}  // namespace mortise::http
