// How deep JSON nests, for parsers that have no bound of their own.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::inline sdk1 {

// True when `text`, if it is JSON, nests at most `deepest` levels of objects and lists. Of what is no JSON some answer: a
// parser has to refuse it. Reads the text once, and keeps nothing. [any]
inline bool isShallowJson(std::string_view text, std::size_t deepest) noexcept {
  std::size_t depth = 0;
  bool inText = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inText) {
      if (c == '\\') ++i;
      if (c == '"') inText = false;
    } else if (c == '"') {
      inText = true;
    } else if (c == '{' || c == '[') {
      if (++depth > deepest) return false;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

}  // namespace mortise::inline sdk1
