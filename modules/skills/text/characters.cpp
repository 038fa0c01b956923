#include "text/characters.hpp"

namespace skills {

CodePoint characterOf(std::string_view text) noexcept {
  constexpr CodePoint kNone{0xFFFD, 1};
  const auto codePoint = firstCodePoint(text);
  return codePoint.size == 0 ? kNone : codePoint;
}

std::size_t charactersIn(std::string_view text) noexcept {
  std::size_t count = 0;
  for (; !text.empty(); text.remove_prefix(characterOf(text).size)) ++count;
  return count;
}

std::string_view firstCharacters(std::string_view text, std::size_t most) noexcept {
  std::size_t size = 0;
  for (std::size_t count = 0; count < most && size < text.size(); ++count) size += characterOf(text.substr(size)).size;
  return text.substr(0, size);
}

}  // namespace skills
