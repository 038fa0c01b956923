// Cuts text into the words that the full-text index has, the same way for what is indexed and for what people ask.
//   Words are runs of letters and digits, in small letters (Unicode's NFKC case folding), English ones by their stem
// (Snowball): "Parsers" is "parser".
//   Chinese, Japanese, Korean, Thai and others write no blanks between words: each character is a word, and so is each
// pair of neighbours. Who asks for several in a row asks for the pairs.
//   A name of code ("foo_bar", "src/x.cpp") is cut at its signs: each part is a word, and so is each pair of neighbours.
// Who asks for the whole name asks for the pairs, who asks for a part finds it, too.
// Pairs stand in for positions, which PostgreSQL keeps for the beginning of a long text only.
#pragma once

#include <bitset>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

// A part of a text: a run of letters and digits, or one character of a script without blanks.
struct Piece {
  std::size_t begin = 0;  // bytes in the text
  std::size_t end = 0;
  std::string form;         // as it is looked for; empty when it is none of the wanted ones, or has nothing to look for
  bool isPart = false;      // it makes a pair with the piece before it
  bool isUnspaced = false;  // of a script without blanks
};

// The pieces of a text, one after the other. Borrows the text; invalid UTF-8 counts as blank. [any]
class PieceCutter {
 public:
  // First bytes of the forms that are wanted: others are left empty, which saves most of the work.
  using FirstBytes = std::bitset<256>;

  explicit PieceCutter(std::string_view text) : text_(text) { firstBytes_.set(); }
  PieceCutter(std::string_view text, const FirstBytes& firstBytes) : text_(text), firstBytes_(firstBytes) {}

  // False at the end.
  bool next(Piece& piece);

 private:
  std::string_view text_;
  FirstBytes firstBytes_;
  std::size_t at_ = 0;
  std::size_t endOfLast_ = 0;
  bool lastIsUnspaced_ = false;
  bool hasLast_ = false;
};

// The word that two neighbours are. Empty when one of them has no form.
std::string pairOf(const Piece& first, const Piece& second);

// The words that a text is found by, each as often as it stands there, but not more often than kMaxRepeats: it then
// weighs no more. Ends early when the words of one text are too many for the index of PostgreSQL.
inline constexpr std::size_t kMaxRepeats = 8;
struct CountedWord {
  std::string word;
  std::size_t count = 0;
};
std::vector<CountedWord> wordsOf(std::string_view text);

// What somebody asks for: every word must be there.
struct SearchTerms {
  std::set<std::string> words;     // at most kMaxTerms
  PieceCutter::FirstBytes starts;  // of the pieces of these words
};
inline constexpr std::size_t kMaxTerms = 64;
SearchTerms termsOf(std::string_view query);

}  // namespace session_sharing
