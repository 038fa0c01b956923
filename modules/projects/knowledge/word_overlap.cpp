#include "knowledge/word_overlap.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "knowledge/entry_words.hpp"

namespace projects {
namespace {

bool isWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

// Calls use(word) for each word between blanks, without the marks around it, until it returns false. A path is one word.
template <class Use>
void eachToken(std::string_view text, Use&& use) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    auto end = std::min(text.find_first_of(kBlanks, at), text.size());
    auto first = at, last = end;
    while (first < last && !isWordByte(text[first])) ++first;
    while (last > first && !isWordByte(text[last - 1])) --last;
    if (last > first && !use(text.substr(first, last - first))) return;
    at = text.find_first_not_of(kBlanks, end);
  }
}

// Calls use(word) for each run of letters, digits and underscores of a folded text until it returns false.
template <class Use>
void eachWord(std::string_view text, Use&& use) {
  for (std::size_t at = 0; at < text.size();) {
    while (at < text.size() && !isWordByte(text[at])) ++at;
    const auto begin = at;
    while (at < text.size() && isWordByte(text[at])) ++at;
    if (at > begin && !use(text.substr(begin, at - begin))) return;
  }
}

}  // namespace

WordSet::WordSet(std::string_view text) {
  std::size_t words = 0;
  eachToken(folded(text), [&](std::string_view word) {
    hashes_.push_back(std::hash<std::string_view>()(word));
    return ++words < kMaxWords;
  });
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
}

std::size_t WordSet::shared(const WordSet& other) const {
  std::size_t same = 0;
  for (auto mine = hashes_.begin(), theirs = other.hashes_.begin();
       mine != hashes_.end() && theirs != other.hashes_.end();) {
    if (*mine == *theirs) {
      ++same, ++mine, ++theirs;
    } else if (*mine < *theirs) {
      ++mine;
    } else {
      ++theirs;
    }
  }
  return same;
}

double WordSet::overlap(const WordSet& other) const {
  if (hashes_.empty() || other.hashes_.empty()) return 0;
  return static_cast<double>(shared(other)) / static_cast<double>(std::min(hashes_.size(), other.hashes_.size()));
}

double WordSet::partIn(const WordSet& other) const {
  return hashes_.empty() ? 0 : static_cast<double>(shared(other)) / static_cast<double>(hashes_.size());
}

std::vector<std::string> wordsIn(std::string_view text, std::size_t most) {
  std::vector<std::string> out;
  if (most == 0) return out;
  eachWord(folded(text), [&](std::string_view word) {
    out.emplace_back(word);
    return out.size() < most;
  });
  return out;
}

}  // namespace projects
