#include "core/base/terminal_text.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "mortise/characters.hpp"

namespace mortise {

bool isHidden(std::uint32_t character) {
  return (character >= 0x7f && character <= 0x9f) || character == 0x61c || character == 0x200e || character == 0x200f ||
         (character >= 0x2028 && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069) ||
         character == 0xfeff;
}

std::string terminalText(std::string_view text) {
  const auto valid = text::storable(text);
  std::string out;
  out.reserve(valid.size());
  for (std::size_t at = 0; at < valid.size();) {
    const auto [character, size] = firstCodePoint(std::string_view(valid).substr(at));
    const bool controls = character < 0x20 && character != '\n' && character != '\t';
    if (controls || isHidden(character)) {
      out += '?';
    } else {
      out.append(valid, at, size);
    }
    at += size;
  }
  return out;
}

std::string terminalLine(std::string_view text) {
  auto line = terminalText(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

}  // namespace mortise
