// Letters of ASCII, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace mortise::inline sdk1 {

// A letter A-Z as a-z; any other byte as it is. [any]
constexpr char asciiLowerCase(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The text with such letters; the bytes of other characters stay. A new string. Throws std::bad_alloc. [any]
inline std::string asciiLowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return asciiLowerCase(c); });
  return out;
}

}  // namespace mortise::inline sdk1
