// How much two texts say the same, by their words. Plain C++.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

inline constexpr double kNearDuplicate = 0.85;  // texts that overlap more than that say the same

// The different words of a text, between blanks and without the marks around them, in lower case, as sorted hashes; of a
// long text those of its beginning.
class WordSet {
 public:
  static constexpr std::size_t kMaxWords = 400;

  WordSet() = default;
  explicit WordSet(std::string_view text);

  // Words that both have, divided by the number of words of the one with fewer; 0 when one has none.
  double overlap(const WordSet& other) const;
  // Which part of its own words the other has, too; 0 when it has none.
  double partIn(const WordSet& other) const;
  std::size_t size() const { return hashes_.size(); }

 private:
  std::size_t shared(const WordSet& other) const;

  std::vector<std::uint64_t> hashes_;
};

// The words of a text in lower case, in its order: runs of letters, digits and underscores; at most `most`.
std::vector<std::string> wordsIn(std::string_view text, std::size_t most);

}  // namespace projects
