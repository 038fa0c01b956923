#include "search/index_form.hpp"

#include <cstddef>

namespace session_sharing {
namespace {

// The end of an id: its letters and digits are random there. A million values tell owners apart well enough.
constexpr std::size_t kPrefixLetters = 5;

std::string prefixOf(std::string_view userId) {
  std::string prefix;
  for (auto at = userId.rbegin(); at != userId.rend() && prefix.size() < kPrefixLetters; ++at) {
    const char c = *at;
    if (c >= 'A' && c <= 'Z') prefix.push_back(static_cast<char>(c - 'A' + 'a'));
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) prefix.push_back(c);
  }
  return prefix + "_";
}

}  // namespace

IndexForm::IndexForm(std::string_view userId, bool isSqlite) : prefix_(prefixOf(userId)), isSqlite_(isSqlite) {}

std::int64_t IndexForm::firstNumber() const {
  std::int64_t slot = 0;  // the letters, read as a number: below 2 to the power of 26
  for (const char c : prefix_) {
    if (c != '_') slot = slot * 36 + (c >= 'a' ? c - 'a' + 10 : c - '0');
  }
  return slot * kMaxNumbers;
}

std::string IndexForm::document(const std::vector<CountedWord>& words) const {
  std::string out;
  for (const auto& [word, count] : words) {
    if (isSqlite_) {
      for (std::size_t i = 0; i < count; ++i) out.append(prefix_).append(word).append(" ");
      continue;
    }
    // Positions are only counted: small numbers, so that a long text does not run out of them.
    out.append(prefix_).append(word);
    for (std::size_t position = 1; position <= count; ++position)
      out.append(position == 1 ? ":" : ",").append(std::to_string(position));
    out.push_back(' ');
  }
  return out;
}

std::string IndexForm::joined(const std::set<std::string>& words, std::string_view between) const {
  const char quote = isSqlite_ ? '"' : '\'';
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out.append(between);
    out.push_back(quote);
    out.append(prefix_).append(word);
    out.push_back(quote);
  }
  return out;
}

std::string IndexForm::all(const std::set<std::string>& words) const {
  return joined(words, isSqlite_ ? " AND " : " & ");
}

std::string IndexForm::any(const std::set<std::string>& words) const {
  return joined(words, isSqlite_ ? " OR " : " | ");
}

}  // namespace session_sharing
