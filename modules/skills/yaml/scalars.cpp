#include "yaml/scalars.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "text/unicode.hpp"

namespace skills {
namespace {

// Reads what stands between the quotes: folds line breaks, undoes escapes.
class QuotedReader {
 public:
  QuotedReader(const YamlLines& lines, std::size_t offset, std::size_t line)
      : lines_(lines), at_(offset + 1), line_(line), quote_(lines.at(offset)) {}

  QuotedScalar read() {
    const auto text = lines_.text();
    while (at_ < text.size()) {
      const char c = text[at_];
      if (c == quote_) {
        if (quote_ == '\'' && lines_.at(at_ + 1) == '\'') {
          put("'", 2);
          continue;
        }
        return {std::move(text_), at_ + 1};
      }
      if (c == '\n') {
        fold();
      } else if (c == '\\' && quote_ == '"') {
        escape();
      } else if (lines_.isSpace(at_)) {  // may turn out to stand before a line break
        text_ += c;
        ++at_;
      } else {
        put(text.substr(at_, 1), 1);
      }
    }
    throw NotYaml(place(), "a quote is not closed");
  }

 private:
  YamlPlace place() const { return lines_.placeOf(at_, line_); }

  void put(std::string_view piece, std::size_t taken) {
    text_ += piece;
    solid_ = text_.size();
    at_ += taken;
  }

  // A break between two lines is a space, empty lines between them are breaks; white space around goes.
  void fold() {
    text_.resize(solid_);
    const auto breaks = skipBreaks();
    put(breaks == 1 ? " " : std::string(breaks - 1, '\n'), 0);
  }

  std::size_t skipBreaks() {
    std::size_t breaks = 0;
    for (; at_ < lines_.text().size() && lines_.isSpaceOrEnd(at_); ++at_) breaks += lines_.at(at_) == '\n' ? 1 : 0;
    return breaks;
  }

  void escape() {
    constexpr std::string_view kNames = "abtnvfre \"/\\N_LP\t";
    constexpr std::uint32_t kValues[] = {0x07, 0x08, '\t', '\n', 0x0B, 0x0C,   '\r',   0x1B, ' ',
                                         '"',  '/',  '\\', 0x85, 0xA0, 0x2028, 0x2029, '\t'};
    const char name = lines_.at(at_ + 1);
    if (name == '\n') {  // the line goes on without a break
      at_ += 2;
      const auto breaks = skipBreaks();
      put(std::string(breaks, '\n'), 0);
      return;
    }
    if (name == '0') return putCodePoint(0, 2);
    if (name == 'x') return putCodePoint(hexadecimal(at_ + 2, 2), 4);
    if (name == 'U') return putCodePoint(hexadecimal(at_ + 2, 8), 10);
    if (name == 'u') return escapeUtf16();
    const auto index = kNames.find(name);
    if (index == std::string_view::npos) throw NotYaml(place(), "an unknown escape in a quoted text");
    putCodePoint(kValues[index], 2);
  }

  // \uD83D\uDE00 is one character, as in JSON.
  void escapeUtf16() {
    const auto first = hexadecimal(at_ + 2, 4);
    const bool high = first >= 0xD800 && first <= 0xDBFF;
    if (!high || lines_.at(at_ + 6) != '\\' || lines_.at(at_ + 7) != 'u') return putCodePoint(first, 6);
    const auto second = hexadecimal(at_ + 8, 4);
    if (second < 0xDC00 || second > 0xDFFF) throw NotYaml(place(), "half a surrogate pair in a quoted text");
    putCodePoint(0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00), 12);
  }

  std::uint32_t hexadecimal(std::size_t offset, std::size_t digits) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = lines_.at(offset + i);
      const auto digit =
          std::string_view("0123456789abcdef").find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == std::string_view::npos) throw NotYaml(place(), "an escape of a quoted text lacks digits");
      value = value << 4U | static_cast<std::uint32_t>(digit);
    }
    return value;
  }

  void putCodePoint(std::uint32_t value, std::size_t taken) {
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      throw NotYaml(place(), "an escape of a quoted text names no character");
    }
    const bool allowed = value == '\t' || value == '\n' || value == '\r' || value == 0x85;
    if (isControl(value) && !allowed) {
      throw mortise::Problem(422, "skill_front_matter_control").with("line", place().line);
    }
    std::string piece;
    appendUtf8(piece, value);
    put(piece, taken);
  }

  const YamlLines& lines_;
  std::size_t at_;
  std::size_t line_;
  char quote_;
  std::string text_;
  std::size_t solid_ = 0;  // up to here nothing is white space that a line break would take away
};

struct BlockHeader {
  bool folded = false;
  int indent = 0;    // 0: as the first line has it
  char chomp = ' ';  // '-': no line break at the end, '+': all of them, else one
};

BlockHeader readHeader(const YamlLines& lines, std::size_t offset, std::size_t line) {
  BlockHeader header;
  header.folded = lines.at(offset) == '>';
  for (++offset; !lines.isSpaceOrEnd(offset); ++offset) {
    const char c = lines.at(offset);
    if ((c == '+' || c == '-') && header.chomp == ' ') {
      header.chomp = c;
    } else if (c >= '1' && c <= '9' && header.indent == 0) {
      header.indent = c - '0';
    } else {
      throw NotYaml(lines.placeOf(offset, line), "after | or > only an indentation, + or - may stand");
    }
  }
  if (!lines.restIsEmpty(offset))
    throw NotYaml(lines.placeOf(offset, line), "after | or > the text begins on the next line");
  return header;
}

// The indentation of the first line that is not empty; -1: there is none.
int detectIndent(const YamlLines& lines, std::size_t first, int parent) {
  int widest = 0;
  for (auto i = first; i < lines.count(); ++i) {
    const auto& line = lines[i];
    if (line.start == line.end) {
      widest = std::max(widest, line.indent());
      continue;
    }
    if (line.indent() <= parent) return -1;
    if (widest > line.indent())
      throw NotYaml(lines.placeOf(line.start, i), "an empty line before it is indented further");
    return line.indent();
  }
  return -1;
}

void foldInto(std::string& text, const std::vector<std::string_view>& content) {
  std::size_t empty = 0;
  bool first = true, moreBefore = false;
  for (const auto line : content) {
    if (line.empty()) {
      ++empty;
      continue;
    }
    const bool more = line.front() == ' ' || line.front() == '\t';
    if (first) {
      text.append(empty, '\n');
    } else if (more || moreBefore) {
      text.append(empty + 1, '\n');
    } else {
      text.append(empty == 0 ? " " : std::string(empty, '\n'));
    }
    text += line;
    empty = 0, first = false, moreBefore = more;
  }
}

}  // namespace

QuotedScalar readQuoted(const YamlLines& lines, std::size_t offset, std::size_t line) {
  return QuotedReader(lines, offset, line).read();
}

BlockScalar readBlockScalar(const YamlLines& lines, std::size_t offset, std::size_t line, int parent) {
  const auto header = readHeader(lines, offset, line);
  const int indent = header.indent > 0 ? std::max(parent, 0) + header.indent : detectIndent(lines, line + 1, parent);
  BlockScalar scalar;
  scalar.nextLine = line + 1;
  std::vector<std::string_view> content;
  std::size_t used = 0;  // lines up to the last that is not empty
  for (; scalar.nextLine < lines.count(); ++scalar.nextLine) {
    const auto& next = lines[scalar.nextLine];
    const bool indented = indent > 0 && next.indent() >= indent;
    if (!indented && !next.blank) break;
    const auto begin = indented ? next.begin + static_cast<std::size_t>(indent) : next.end;
    content.push_back(lines.text().substr(begin, next.end - begin));
    if (!content.back().empty()) used = content.size();
  }
  const auto trailing = content.size() - used;
  content.resize(used);
  if (header.folded) {
    foldInto(scalar.text, content);
  } else {
    for (std::size_t i = 0; i < content.size(); ++i) {
      if (i > 0) scalar.text += '\n';
      scalar.text += content[i];
    }
  }
  if (used > 0 && header.chomp != '-') scalar.text += '\n';
  if (header.chomp == '+') scalar.text.append(trailing, '\n');
  return scalar;
}

}  // namespace skills
