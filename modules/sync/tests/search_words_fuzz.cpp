// Any text and any query: words are what the indexes take, and snippets are safe as HTML.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "search/snippet.hpp"
#include "search/words.hpp"

using namespace session_sharing;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void checkWord(std::string_view word) {
  constexpr std::size_t kMaxBytes = 129;  // two pieces and what joins them
  require(!word.empty() && word.size() <= kMaxBytes);
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte >= 0x80 || c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
  }
}

// Nothing but <mark>, </mark> and entities, in pairs.
void checkHtml(std::string_view html) {
  bool isOpen = false;
  for (std::size_t at = html.find_first_of("<>\"'"); at != std::string_view::npos;
       at = html.find_first_of("<>\"'", at)) {
    const std::string_view tag = isOpen ? "</mark>" : "<mark>";
    require(html.substr(at, tag.size()) == tag);
    isOpen = !isOpen;
    at += tag.size();
  }
  require(!isOpen);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = std::min(input.find('\n'), input.size());
  const auto query = input.substr(0, line), text = input.substr(line);
  const auto terms = termsOf(query);
  require(terms.words.size() <= kMaxTerms);
  for (const auto& word : terms.words) checkWord(word);
  for (const auto& [word, count] : wordsOf(text)) {
    checkWord(word);
    require(count > 0 && count <= kMaxRepeats);
  }
  checkHtml(snippetOf(text, terms));
  return 0;
}
