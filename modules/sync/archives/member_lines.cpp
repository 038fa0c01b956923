#include "archives/member_lines.hpp"

#include <algorithm>
#include <string_view>

namespace session_sharing {
namespace {

// Keeps a line that comes in pieces.
class Line {
 public:
  void append(std::string_view piece) {
    line_.size += piece.size();
    if (line_.size > kMaxLine) line_.text.clear();
    if (line_.size <= kMaxLine) line_.text.append(piece);
  }
  bool give(const std::function<bool(MemberLine&)>& use) {
    const auto next = line_.offset + line_.size + 1;
    if (line_.text.ends_with('\r')) {
      line_.text.pop_back();
      --line_.size;
    }
    const bool goOn = use(line_);
    line_.text.clear();
    if (line_.text.capacity() > kKept) line_.text.shrink_to_fit();
    line_.offset = next;
    line_.size = 0;
    ++line_.number;
    return goOn;
  }
  bool isEmpty() const { return line_.size == 0; }

 private:
  static constexpr std::size_t kKept = std::size_t{256} << 10;
  MemberLine line_;
};

}  // namespace

void eachLine(ArchiveReader& reader, const std::function<bool(MemberLine& line)>& use) {
  Line line;
  for (auto piece = reader.piece(); !piece.empty(); piece = reader.piece()) {
    while (!piece.empty()) {
      const auto end = std::min(piece.find('\n'), piece.size());
      line.append(piece.substr(0, end));
      if (end == piece.size()) break;
      if (!line.give(use)) return;
      piece.remove_prefix(end + 1);
    }
  }
  if (!line.isEmpty()) line.give(use);
}

}  // namespace session_sharing
