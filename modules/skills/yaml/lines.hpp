// A YAML text as lines, and the white space between its parts.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace skills {

// Both from 1; columns are characters.
struct YamlPlace {
  std::size_t line = 1;
  std::size_t column = 1;
};

// The text is not YAML, or outside the subset that is read. what() is the rule that it breaks.
class NotYaml : public std::runtime_error {
 public:
  NotYaml(YamlPlace where, const std::string& rule) : std::runtime_error(rule), place(where) {}
  const YamlPlace place;
};

struct YamlLine {
  std::size_t begin = 0;
  std::size_t end = 0;    // of what stands before the line break
  std::size_t start = 0;  // of the first character that is no space
  bool blank = false;     // spaces and tabs only
  int indent() const noexcept { return static_cast<int>(start - begin); }
};

class YamlLines {
 public:
  // `text` has '\n' as its only line break and outlives this. `firstNumber`: of its first line, for messages.
  YamlLines(std::string_view text, std::size_t firstNumber);

  std::string_view text() const noexcept { return text_; }
  std::size_t count() const noexcept { return lines_.size(); }
  const YamlLine& operator[](std::size_t index) const noexcept { return lines_[index]; }
  std::size_t numberOf(std::size_t index) const noexcept { return firstNumber_ + index; }
  // `from`: a line at or before that of the offset.
  YamlPlace placeOf(std::size_t offset, std::size_t from) const noexcept;
  // The line that holds the offset, looked for from line `from` on.
  std::size_t lineAt(std::size_t offset, std::size_t from) const noexcept;

  char at(std::size_t offset) const noexcept { return offset < text_.size() ? text_[offset] : '\n'; }
  bool isSpace(std::size_t offset) const noexcept { return at(offset) == ' ' || at(offset) == '\t'; }
  bool isSpaceOrEnd(std::size_t offset) const noexcept { return isSpace(offset) || at(offset) == '\n'; }
  // The first offset from `offset` on that holds no space or tab.
  std::size_t skipSpaces(std::size_t offset) const noexcept;
  // Whether only white space or a comment follows on this line. A comment needs white space before it.
  bool restIsEmpty(std::size_t offset) const noexcept;
  // First line from `index` on with something to read: not blank, no comment.
  std::size_t nextContent(std::size_t index) const noexcept;

 private:
  std::string_view text_;
  std::size_t firstNumber_;
  std::vector<YamlLine> lines_;
};

}  // namespace skills
