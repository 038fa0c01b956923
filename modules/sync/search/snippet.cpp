#include "search/snippet.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <mortise/characters.hpp>
#include <mortise/html.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

namespace session_sharing {
namespace {

constexpr std::size_t kMaxSigns = 40;          // bytes before the first word of a text, and behind its last one
constexpr std::size_t kWordsBefore = 8;        // of the snippet, before its first hit
constexpr std::size_t kMaxSnippetBytes = 600;  // of the text, whatever stands between its words

struct Hit {
  std::size_t word;   // the number of the piece
  std::size_t begin;  // bytes
  std::size_t end;
  const std::string* term;
};

// All places of the terms, in order. Those of a pair may lap over each other.
std::vector<Hit> hitsIn(std::string_view text, const SearchTerms& terms) {
  std::vector<Hit> hits;
  PieceCutter cutter(text, terms.starts);
  Piece last, piece;
  const auto keep = [&](const std::string& word, std::size_t number, std::size_t begin, std::size_t end) {
    if (word.empty()) return;
    if (const auto term = terms.words.find(word); term != terms.words.end())
      hits.push_back({number, begin, end, &*term});
  };
  for (std::size_t number = 0; cutter.next(piece); ++number) {
    if (piece.isPart) keep(pairOf(last, piece), number, last.begin, piece.end);
    keep(piece.form, number, piece.begin, piece.end);
    std::swap(last, piece);
  }
  return hits;
}

// The hits of the stretch of few words with the most different terms; the first one of several.
std::pair<std::size_t, std::size_t> densest(const std::vector<Hit>& hits) {
  constexpr std::size_t kStretch = kMaxSnippetWords - kWordsBefore;
  std::map<const std::string*, std::size_t> inside;
  std::pair<std::size_t, std::size_t> best{0, 0};
  std::size_t most = 0, first = 0;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    ++inside[hits[i].term];
    while (hits[i].word - hits[first].word >= kStretch || hits[i].end - hits[first].begin > kMaxSnippetBytes / 2) {
      if (first == i) break;
      const auto leaving = inside.find(hits[first].term);
      if (--leaving->second == 0) inside.erase(leaving);
      ++first;
    }
    if (inside.size() > most) {
      most = inside.size();
      best = {first, i};
    }
  }
  return best;
}

// Where the snippet begins and ends, in bytes: at words.
struct Stretch {
  std::size_t begin;
  std::size_t end;
};
Stretch stretchAround(std::string_view text, const Hit& first, const Hit& last) {
  // Nothing of these words is wanted but their places.
  PieceCutter cutter(text, PieceCutter::FirstBytes());
  Piece piece;
  std::deque<std::size_t> begins;  // of the words up to the first hit
  Stretch out{first.begin, last.end};
  std::size_t words = 0, firstWord = text.size();
  bool isWhole = true;  // up to the last word
  while (cutter.next(piece)) {
    if (piece.begin <= first.begin) {
      firstWord = std::min(firstWord, piece.begin);
      begins.push_back(piece.begin);
      if (begins.size() > kWordsBefore + 1) begins.pop_front();
      if (piece.begin < first.begin) continue;
      while (first.begin - begins.front() > kMaxSnippetBytes / 4) begins.pop_front();
      out.begin = begins.front();
      words = begins.size();
    } else {
      ++words;
    }
    if (words > kMaxSnippetWords || piece.end - out.begin > kMaxSnippetBytes) {
      isWhole = false;
      break;
    }
    out.end = std::max(out.end, piece.end);
  }
  if (out.begin == firstWord && firstWord <= kMaxSigns) out.begin = 0;
  if (isWhole && text.size() - out.end <= kMaxSigns) out.end = text.size();
  // A word may be as long as the text.
  if (out.end - out.begin > kMaxSnippetBytes) {
    out.end = out.begin + mortise::firstBytes(text.substr(out.begin), kMaxSnippetBytes).size();
  }
  return out;
}

// Appends `text` as HTML: escaped, on one line, without characters that change how what follows is read.
class Html {
 public:
  void append(std::string_view text) {
    const auto size = static_cast<std::int64_t>(text.size());
    for (std::int64_t at = 0; at < size;) {
      const auto begin = static_cast<std::size_t>(at);
      UChar32 c = 0;
      U8_NEXT(text.data(), at, size, c);
      if (c < 0) continue;
      if (c == ' ' || u_isUWhiteSpace(c) || u_iscntrl(c)) {
        blank_ = true;
        continue;
      }
      if (u_charType(c) == U_FORMAT_CHAR) continue;  // marks of direction, blanks of no width
      if (blank_ && !out_.empty()) out_.push_back(' ');
      blank_ = false;
      out_ += mortise::escapedHtml(text.substr(begin, static_cast<std::size_t>(at) - begin));
    }
  }
  void mark(std::string_view text) {
    if (blank_ && !out_.empty()) out_.push_back(' ');
    blank_ = false;
    out_ += "<mark>";
    append(text);
    blank_ = false;
    out_ += "</mark>";
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  bool blank_ = false;
};

}  // namespace

std::string snippetOf(std::string_view text, const SearchTerms& terms) {
  const auto hits = hitsIn(text, terms);
  if (hits.empty()) return {};
  const auto [first, last] = densest(hits);
  const auto stretch = stretchAround(text, hits[first], hits[last]);
  Html html;
  auto at = stretch.begin;
  for (std::size_t hit = 0; hit < hits.size() && hits[hit].begin < stretch.end; ++hit) {
    if (hits[hit].begin < stretch.begin) continue;
    auto begin = hits[hit].begin;
    auto end = std::min(hits[hit].end, stretch.end);
    // Places that lap over each other, or touch, are one.
    while (hit + 1 < hits.size() && hits[hit + 1].begin <= end && hits[hit + 1].begin < stretch.end) {
      ++hit;
      begin = std::min(begin, hits[hit].begin);
      end = std::max(end, std::min(hits[hit].end, stretch.end));
    }
    if (begin < at) begin = at;
    if (end <= begin) continue;
    html.append(text.substr(at, begin - at));
    html.mark(text.substr(begin, end - begin));
    at = end;
  }
  html.append(text.substr(at, stretch.end - at));
  return html.take();
}

}  // namespace session_sharing
