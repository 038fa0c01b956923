#include "names.hpp"

#include <algorithm>
#include <cstddef>

namespace auth {
namespace {

char32_t next(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0xC0) return lead;
  const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  char32_t c = lead & (0x3FU >> more);
  for (int i = 0; i < more && at < text.size(); ++i) c = (c << 6) | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  return c;
}

bool isControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

template <typename Rule>
bool each(std::string_view text, Rule&& holds) {
  for (std::size_t at = 0; at < text.size();) {
    if (!holds(next(text, at))) return false;
  }
  return true;
}

}  // namespace

bool isRuntimeUsername(std::string_view name) {
  return name.size() >= 3 && name.size() <= 30 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string foldUsername(std::string_view name) {
  std::string folded(name);
  std::transform(folded.begin(), folded.end(), folded.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return folded;
}

bool isOneLine(std::string_view text) {
  return each(text, [](char32_t c) { return !isControl(c); });
}

bool isMultiLine(std::string_view text) {
  return each(text, [](char32_t c) { return c == '\n' || c == '\r' || !isControl(c); });
}

std::string firstCharacters(std::string_view text, std::size_t count) {
  std::size_t characters = 0, end = 0;
  for (; end < text.size(); ++end) {
    const bool starts = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (starts && ++characters > count) break;
  }
  return std::string(text.substr(0, end));
}

}  // namespace auth
