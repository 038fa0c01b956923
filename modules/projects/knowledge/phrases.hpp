// Phrases that many claims of a project share: what concept pages are about. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace projects {

struct Phrase {
  std::string text;  // two words, in lower case
  std::vector<std::int64_t> entries;
};

// Counts pairs of words that follow each other; each claim counts once. Of a long claim only the beginning is read, so
// that what this takes is bounded by the number of claims.
class PhraseCounter {
 public:
  static constexpr std::size_t kMaxWords = 80;  // of one claim

  void add(std::int64_t entry, std::string_view content);
  // Those that at least `least` claims share, the most shared first; of phrases with a common word only the first.
  std::vector<Phrase> shared(std::size_t least, std::size_t most);

 private:
  std::vector<std::pair<std::string, std::int64_t>> pairs_;
};

}  // namespace projects
