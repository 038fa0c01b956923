// White space around what people type or paste.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::inline sdk1 {
namespace detail {

// The bytes of the white space that `text` (UTF-8) begins with; 0: it begins with something else.
constexpr std::size_t spaceAtStart(std::string_view text) noexcept {
  if (text.empty()) return 0;
  if (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return 1;
  const auto two = text.substr(0, 2), three = text.substr(0, 3);
  if (two == "\xC2\xA0" || two == "\xC2\x85") return 2;
  if (three.size() < 3) return 0;
  const auto last = static_cast<unsigned char>(three[2]);
  if (three.substr(0, 2) == "\xE2\x80") return last <= 0x8A || last == 0xA8 || last == 0xA9 || last == 0xAF ? 3 : 0;
  return three == "\xE1\x9A\x80" || three == "\xE2\x81\x9F" || three == "\xE3\x80\x80" || three == "\xEF\xBB\xBF" ? 3
                                                                                                                  : 0;
}

}  // namespace detail

// The text without white space around it: all of Unicode's (NO-BREAK SPACE, EM SPACE, IDEOGRAPHIC SPACE, ...), and the
// ZERO WIDTH NO-BREAK SPACE that files begin with. One rule for user names and e-mail addresses in every family.
constexpr std::string_view withoutSpaceAround(std::string_view text) noexcept {
  while (const auto size = detail::spaceAtStart(text)) text.remove_prefix(size);
  for (bool again = true; again;) {
    again = false;
    for (std::size_t size = 1; size <= 3 && size <= text.size() && !again; ++size) {
      again = detail::spaceAtStart(text.substr(text.size() - size)) == size;
      if (again) text.remove_suffix(size);
    }
  }
  return text;
}

}  // namespace mortise::inline sdk1
