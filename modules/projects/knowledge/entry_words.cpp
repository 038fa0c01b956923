#include "knowledge/entry_words.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <mortise/characters.hpp>

#include <array>
#include <cstdint>
#include <set>

namespace projects {
namespace {

// The end of an id: its digits are random there. A million values tell projects apart well enough.
constexpr std::size_t kPrefixLetters = 5;
// Of a longer part only as many words are looked up; the text itself decides anyway.
constexpr std::size_t kMaxAsked = 24;

bool isLetterOrDigit(std::uint32_t c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Letters, digits and underscores only, which neither database reads as anything else.
void appendSpelled(std::string& out, std::uint32_t c) {
  if (isLetterOrDigit(c)) {
    out.push_back(static_cast<char>(c));
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), kDigits[c & 15U]);
    c >>= 4U;
  } while (c != 0);
  out.append("_").append(digits).append("_");
}

std::string prefixOf(std::string_view projectId) {
  std::string prefix;
  for (auto at = projectId.rbegin(); at != projectId.rend() && prefix.size() < kPrefixLetters; ++at) {
    if (isLetterOrDigit(static_cast<unsigned char>(*at))) prefix.push_back(*at);
  }
  return prefix + "_";
}

// The words at each `step`th place of the text, and at its end.
std::set<std::string> wordsOf(std::string_view projectId, std::string_view text, std::size_t most, std::size_t step) {
  const auto prefix = prefixOf(projectId), lower = folded(text);
  std::set<std::string> words;
  std::array<std::uint32_t, kLeastPart> last{};
  std::size_t count = 0;
  for (std::size_t at = 0; at < lower.size() && words.size() < most;) {
    last = {last[1], last[2], mortise::detail::nextCharacter(lower, at)};
    if (++count < kLeastPart || ((count - kLeastPart) % step != 0 && at < lower.size())) continue;
    std::string word = prefix;
    for (const auto c : last) appendSpelled(word, c);
    words.insert(std::move(word));
  }
  return words;
}

}  // namespace

std::string folded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) {
      out.push_back(lead >= 'A' && lead <= 'Z' ? static_cast<char>(lead - 'A' + 'a') : text[at]);
      ++at;
      continue;
    }
    const auto c = static_cast<UChar32>(mortise::detail::nextCharacter(text, at));
    char bytes[U8_MAX_LENGTH];
    int size = 0;
    U8_APPEND_UNSAFE(bytes, size, u_foldCase(c, U_FOLD_CASE_DEFAULT));
    out.append(bytes, static_cast<std::size_t>(size));
  }
  return out;
}

std::string indexWords(std::string_view projectId, std::string_view content) {
  std::string out;
  for (const auto& word : wordsOf(projectId, content, content.size(), 1)) out.append(word).append(" ");
  return out;
}

std::string indexQuery(std::string_view projectId, std::string_view part, bool isSqlite) {
  std::string out;
  // Words that lie side by side have every character of the part; those between would leave out few entries more.
  for (const auto& word : wordsOf(projectId, part, kMaxAsked, kLeastPart)) {
    if (!out.empty()) out.append(isSqlite ? " AND " : " & ");
    out.append(isSqlite ? "\"" : "'").append(word).append(isSqlite ? "\"" : "'");
  }
  return out;
}

}  // namespace projects
