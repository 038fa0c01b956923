#include "dlp/json_source.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace session_sharing {
namespace {

constexpr std::size_t kEscape = 6;  // \ud83d

// The number of an escape "\uXXXX" at the beginning of `text`.
std::optional<unsigned> unitOf(std::string_view text) {
  if (text.size() < kEscape || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  unsigned unit = 0;
  const auto [end, failed] = std::from_chars(text.data() + 2, text.data() + kEscape, unit, 16);
  if (failed != std::errc() || end != text.data() + kEscape) return std::nullopt;
  return unit;
}

bool isFirstHalf(unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool isSecondHalf(unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; }

}  // namespace

JsonSource::JsonSource(std::function<std::string_view()> next) : next_(std::move(next)) {
  fill();
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  if (std::string_view(buffer_).substr(0, clean_).substr(0, kMark.size()) == kMark) at_ += kMark.size();
  if (at_ == clean_) fill();
}

std::int64_t JsonSource::skipBlank() {
  const auto before = line_;
  while (Peek() == ' ' || Peek() == '\t' || Peek() == '\r' || Peek() == '\n') Take();
  return line_ - before;
}

void JsonSource::fill() {
  buffer_.erase(0, at_);
  clean_ -= at_;
  at_ = 0;
  while (clean_ == 0 && !isOver_) {
    const auto piece = next_();
    if (piece.empty()) {
      isOver_ = true;
    } else {
      buffer_.append(piece);
    }
    clean();
  }
}

void JsonSource::clean() {
  while (clean_ < buffer_.size()) {
    const char c = buffer_[clean_];
    if (isInText_ && c == '\\') {
      // Two escapes may belong together.
      if (!isOver_ && buffer_.size() - clean_ < 2 * kEscape) return;
      cleanEscape();
      continue;
    }
    if (c == '"') isInText_ = !isInText_;
    ++clean_;
  }
}

void JsonSource::cleanEscape() {
  const auto left = std::string_view(buffer_).substr(clean_);
  const auto unit = unitOf(left);
  if (!unit) {
    clean_ += std::min<std::size_t>(2, left.size());
    return;
  }
  const auto second = isFirstHalf(*unit) ? unitOf(left.substr(kEscape)) : std::nullopt;
  if (second && isSecondHalf(*second)) {
    clean_ += 2 * kEscape;
    return;
  }
  if (isFirstHalf(*unit) || isSecondHalf(*unit)) buffer_.replace(clean_ + 2, kEscape - 2, "fffd");
  clean_ += kEscape;
}

}  // namespace session_sharing
