#include "utf8.hpp"

#include <mortise/characters.hpp>

namespace utf8 {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace

std::size_t characterAt(std::string_view text, std::size_t at) {
  return text[at] == '\0' ? 0 : mortise::firstCodePoint(text.substr(at)).size;
}

bool isText(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto size = characterAt(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string storable(std::string_view text, std::size_t most) {
  std::string out;
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size() && characters < most;) {
    if (text[at] == '\0') {
      ++at;
      continue;
    }
    const auto size = characterAt(text, at);
    out.append(size == 0 ? kReplacement : text.substr(at, size));
    at += size == 0 ? 1 : size;
    ++characters;
  }
  return out;
}

}  // namespace utf8
