// How words stand in the index of each database, and how they are asked for there.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "search/words.hpp"

namespace session_sharing {

// Every word gets letters of its owner's id before it. The rows of a word are then those of one owner, with hardly an
// exception: a search reads nothing of others, and what it costs does not grow with them. Whose a session is says its
// row alone.
class IndexForm {
 public:
  IndexForm(std::string_view userId, bool isSqlite);

  // Where the owner's numbers begin on SQLite, and how many there may be: entries, texts and words of one owner lie
  // together there.
  std::int64_t firstNumber() const;
  static constexpr std::int64_t kMaxNumbers = std::int64_t{1} << 36;

  // A document of FTS5, in which a word stands as often as it counts; a TSVECTOR with that many positions.
  std::string document(const std::vector<CountedWord>& words) const;
  // The query of FTS5 that finds all of the words, or the TSQUERY. `words` is not empty.
  std::string all(const std::set<std::string>& words) const;
  // The TSQUERY that finds any of them, by which PostgreSQL ranks: how near two words are means nothing here.
  std::string any(const std::set<std::string>& words) const;

 private:
  std::string joined(const std::set<std::string>& words, std::string_view between) const;

  std::string prefix_;
  bool isSqlite_;
};

}  // namespace session_sharing
