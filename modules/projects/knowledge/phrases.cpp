#include "knowledge/phrases.hpp"

#include <mortise/characters.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "knowledge/word_overlap.hpp"

namespace projects {
namespace {

constexpr std::size_t kLeastLetters = 4;
constexpr auto kCommon = std::to_array<std::string_view>(
    {"about", "above", "after",   "again", "also",   "always", "another", "because", "been",  "before",
     "being", "below", "between", "both",  "cannot", "could",  "does",    "done",    "down",  "during",
     "each",  "even",  "every",   "from",  "have",   "having", "here",    "into",    "just",  "like",
     "made",  "make",  "many",    "more",  "most",   "much",   "must",    "never",   "only",  "other",
     "over",  "same",  "should",  "since", "some",   "such",   "than",    "that",    "their", "them",
     "then",  "there", "these",   "they",  "this",   "uses",   "when",    "which",   "with",  "without"});

bool tells(std::string_view word) {
  if (mortise::characterCount(word) < kLeastLetters) return false;
  if (std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  return !std::binary_search(kCommon.begin(), kCommon.end(), word);
}

}  // namespace

void PhraseCounter::add(std::int64_t entry, std::string_view content) {
  std::set<std::string> own;
  const auto words = wordsIn(content, kMaxWords);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (tells(words[i - 1]) && tells(words[i])) own.insert(words[i - 1] + " " + words[i]);
  }
  for (const auto& phrase : own) pairs_.emplace_back(phrase, entry);
}

std::vector<Phrase> PhraseCounter::shared(std::size_t least, std::size_t most) {
  auto& pairs = pairs_;
  std::sort(pairs.begin(), pairs.end());
  std::vector<Phrase> phrases;
  for (std::size_t at = 0; at < pairs.size();) {
    std::size_t end = at;
    while (end < pairs.size() && pairs[end].first == pairs[at].first) ++end;
    if (end - at >= least) {
      auto& phrase = phrases.emplace_back();
      phrase.text = pairs[at].first;
      for (std::size_t i = at; i < end; ++i) phrase.entries.push_back(pairs[i].second);
    }
    at = end;
  }
  std::sort(phrases.begin(), phrases.end(), [](const Phrase& a, const Phrase& b) {
    return a.entries.size() != b.entries.size() ? a.entries.size() > b.entries.size() : a.text < b.text;
  });
  std::vector<Phrase> out;
  std::set<std::string> words;
  for (auto& phrase : phrases) {
    if (out.size() == most) break;
    const auto blank = phrase.text.find(' ');
    auto first = phrase.text.substr(0, blank), second = phrase.text.substr(blank + 1);
    if (words.count(first) > 0 || words.count(second) > 0) continue;
    words.insert(std::move(first));
    words.insert(std::move(second));
    out.push_back(std::move(phrase));
  }
  return out;
}

}  // namespace projects
