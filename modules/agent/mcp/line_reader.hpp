// Lines out of pieces that end anywhere, in bounded memory.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace agent::mcp {

class LineReader {
 public:
  // `most`: bytes of a line; four times that may wait to be taken.
  explicit LineReader(std::size_t most) : most_(most) {}

  // False: a line is too long, or too much waits.
  bool take(std::string_view piece) {
    while (!piece.empty()) {
      const auto end = piece.find('\n');
      const auto part = piece.substr(0, end);
      if (pending_.size() + part.size() > most_) return false;
      pending_.append(part);
      if (end == std::string_view::npos) break;
      piece.remove_prefix(end + 1);
      if (pending_.ends_with('\r')) pending_.pop_back();
      if (pending_.empty()) continue;
      waiting_ += pending_.size();
      lines_.push_back(std::exchange(pending_, {}));
    }
    return waiting_ <= 4 * most_ && lines_.size() <= kMaxLines;
  }
  // Lines are without their ends; empty ones are passed over.
  std::optional<std::string> next() {
    if (lines_.empty()) return std::nullopt;
    auto line = std::move(lines_.front());
    lines_.pop_front();
    waiting_ -= line.size();
    return line;
  }

 private:
  static constexpr std::size_t kMaxLines = 10000;

  const std::size_t most_;
  std::size_t waiting_ = 0;
  std::string pending_;
  std::deque<std::string> lines_;
};

}  // namespace agent::mcp
