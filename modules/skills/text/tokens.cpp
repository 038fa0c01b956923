#include "text/tokens.hpp"

#include <string>

#include "text/ascii.hpp"
#include "text/characters.hpp"

namespace skills {
namespace {

// Han with its extensions, kana and hangul.
bool isCjk(std::uint32_t code) {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x3041 && code <= 0x30FF && code != 0x30FB) || (code >= 0xAC00 && code <= 0xD7A3) ||
         (code >= 0xF900 && code <= 0xFAFF) || (code >= 0x20000 && code <= 0x323AF);
}

}  // namespace

void eachToken(std::string_view text, const std::function<void(std::string_view)>& use) {
  std::string word;
  std::size_t at = 0;
  while (at < text.size()) {
    if (ascii::isAlphanumeric(text[at])) {
      word.clear();
      while (at < text.size() && ascii::isAlphanumeric(text[at])) word.push_back(ascii::lower(text[at++]));
      use(word);
      continue;
    }
    auto character = characterOf(text.substr(at));
    if (!isCjk(character.value)) {
      at += character.size;
      continue;
    }
    const auto start = at;
    std::size_t count = 0;
    while (isCjk(character.value)) {
      use(text.substr(at, character.size));
      at += character.size;
      ++count;
      if (at == text.size()) break;
      character = characterOf(text.substr(at));
    }
    if (count > 1) use(text.substr(start, at - start));
  }
}

}  // namespace skills
