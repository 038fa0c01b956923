#include "search/words.hpp"

#include <libstemmer.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>
#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace session_sharing {
namespace {

constexpr std::size_t kMaxFormBytes = 64;       // of a longer word only the beginning counts
constexpr std::size_t kMaxConnectors = 3;       // "::", "/../"
constexpr std::size_t kMaxIndexed = 600 << 10;  // bytes of the different words of a text; a tsvector may have 1 MiB
constexpr std::string_view kConnectors = "_./-:@\\'#+~";

enum class Kind { blank, letter, unspaced };

bool isAsciiLetterOrDigit(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool isWrittenWithoutBlanks(UChar32 c) {
  UErrorCode error = U_ZERO_ERROR;
  switch (uscript_getScript(c, &error)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_YI:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return true;
    default:
      return false;
  }
}

// Most characters of these scripts: they are their own case folding, which saves looking it up.
bool isFoldedAlready(std::string_view character) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(character[at]); };
  if (character.size() != 3) return false;
  const UChar32 c = ((byte(0) & 0x0F) << 12) | ((byte(1) & 0x3F) << 6) | (byte(2) & 0x3F);
  const auto within = [c](UChar32 first, UChar32 last) { return c >= first && c <= last; };
  return within(0x4E00, 0x9FFF) || within(0xAC00, 0xD7A3) || within(0x3041, 0x3096) || within(0x30A1, 0x30FA);
}

bool isMark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }

// The kind of the character at `at`, which moves behind it.
Kind take(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) {
    ++at;
    return isAsciiLetterOrDigit(first) ? Kind::letter : Kind::blank;
  }
  UChar32 c = 0;
  auto i = static_cast<std::int64_t>(at);
  const auto size = static_cast<std::int64_t>(text.size());
  U8_NEXT(text.data(), i, size, c);
  at = static_cast<std::size_t>(i);
  if (c < 0 || !(u_isalnum(c) || isMark(c))) return Kind::blank;
  return isWrittenWithoutBlanks(c) ? Kind::unspaced : Kind::letter;
}

const icu::Normalizer2& caseFolding() {
  static const icu::Normalizer2& kFolding = []() -> const icu::Normalizer2& {
    UErrorCode error = U_ZERO_ERROR;
    const auto* folding = icu::Normalizer2::getNFKCCasefoldInstance(error);
    if (U_FAILURE(error)) throw std::runtime_error("ICU has no case folding");
    return *folding;
  }();
  return kFolding;
}

// Without what the index uses for itself: only letters, digits and marks stay.
std::string folded(std::string_view text) {
  std::string folded;
  icu::StringByteSink<std::string> sink(&folded);
  UErrorCode error = U_ZERO_ERROR;
  caseFolding().normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())), sink, nullptr,
                              error);
  if (U_FAILURE(error)) return {};
  std::string wordCharacters;
  for (std::size_t at = 0; at < folded.size();) {
    const auto begin = at;
    if (take(folded, at) != Kind::blank) wordCharacters.append(folded, begin, at - begin);
  }
  return wordCharacters;
}

struct DeleteStemmer {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

void stem(std::string& word) {
  thread_local const std::unique_ptr<sb_stemmer, DeleteStemmer> kStemmer(sb_stemmer_new("english", "UTF_8"));
  if (!kStemmer) throw std::bad_alloc();
  const auto* text =
      sb_stemmer_stem(kStemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (text == nullptr) throw std::bad_alloc();
  word.assign(reinterpret_cast<const char*>(text), static_cast<std::size_t>(sb_stemmer_length(kStemmer.get())));
}

bool isStemmed(std::string_view word) {
  constexpr std::size_t kLeast = 3;
  return word.size() >= kLeast && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::string formOf(std::string_view text) {
  std::string form;
  const bool isAscii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (isAscii) {
    form = mortise::asciiLowerCase(text.substr(0, kMaxFormBytes + 1));
  } else {
    form = folded(text);
  }
  if (form.size() > kMaxFormBytes) {
    form.resize(mortise::firstBytes(form, kMaxFormBytes).size());
  } else if (isStemmed(form)) {
    stem(form);
  }
  return form;
}

// Whether what stands between two pieces joins them into one name.
bool joins(std::string_view between) {
  return !between.empty() && between.size() <= kMaxConnectors &&
         between.find_first_not_of(kConnectors) == std::string_view::npos;
}

}  // namespace

bool PieceCutter::next(Piece& piece) {
  auto kind = Kind::blank;
  auto begin = at_;
  while (at_ < text_.size()) {
    begin = at_;
    kind = take(text_, at_);
    if (kind != Kind::blank) break;
  }
  if (kind == Kind::blank) return false;
  if (kind == Kind::letter) {
    while (at_ < text_.size()) {
      auto behind = at_;
      if (take(text_, behind) != Kind::letter) break;
      at_ = behind;
    }
  }
  piece.begin = begin;
  piece.end = at_;
  piece.isUnspaced = kind == Kind::unspaced;
  const auto between = text_.substr(endOfLast_, begin - endOfLast_);
  piece.isPart =
      hasLast_ && piece.isUnspaced == lastIsUnspaced_ && (piece.isUnspaced ? between.empty() : joins(between));
  const auto first = static_cast<unsigned char>(mortise::asciiLowerCase(text_[begin]));
  const auto text = text_.substr(begin, at_ - begin);
  piece.form.clear();
  if (piece.isUnspaced && isFoldedAlready(text)) {
    if (firstBytes_.test(first)) piece.form = text;
  } else if (first >= 0x80 || firstBytes_.test(first)) {
    piece.form = formOf(text);
  }
  endOfLast_ = at_;
  lastIsUnspaced_ = piece.isUnspaced;
  hasLast_ = true;
  return true;
}

std::string pairOf(const Piece& first, const Piece& second) {
  if (first.form.empty() || second.form.empty()) return {};
  return second.isUnspaced ? first.form + second.form : first.form + "_" + second.form;
}

std::vector<CountedWord> wordsOf(std::string_view text) {
  std::unordered_map<std::string, std::size_t> counts;
  std::size_t bytes = 0;
  const auto add = [&](std::string word) {
    if (word.empty()) return;
    const auto size = word.size();
    auto& count = counts[std::move(word)];
    if (count == 0) bytes += size;
    if (count < kMaxRepeats) ++count;
  };
  PieceCutter cutter(text);
  Piece last, piece;
  while (bytes < kMaxIndexed && cutter.next(piece)) {
    if (piece.isPart) add(pairOf(last, piece));
    add(piece.form);
    std::swap(last, piece);
  }
  std::vector<CountedWord> words;
  words.reserve(counts.size());
  for (auto& [word, count] : counts) words.push_back({word, count});
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.word < b.word; });
  return words;
}

SearchTerms termsOf(std::string_view query) {
  SearchTerms terms;
  const auto add = [&](std::string word) {
    if (!word.empty() && terms.words.size() < kMaxTerms) terms.words.insert(std::move(word));
  };
  PieceCutter cutter(query);
  Piece last, piece;
  bool lastIsAlone = false;  // in no pair, as far as is known
  while (cutter.next(piece)) {
    if (!piece.form.empty()) terms.starts.set(static_cast<unsigned char>(piece.form.front()));
    auto pair = piece.isPart ? pairOf(last, piece) : std::string();
    const bool isPaired = !pair.empty();
    if (lastIsAlone && !isPaired) add(last.form);
    add(std::move(pair));
    lastIsAlone = !isPaired;
    std::swap(last, piece);
  }
  if (lastIsAlone) add(last.form);
  return terms;
}

}  // namespace session_sharing
