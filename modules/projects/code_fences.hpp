// Code blocks between fences, in Markdown that is read line by line.
#pragma once

#include <mortise/white_space.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace projects {

// By CommonMark: a fence has three or more backticks or tildes, and at most three spaces before them; one with as many of
// the same characters, and nothing behind them, ends its block. For one text; hand it every line in order. [any]
class CodeFences {
 public:
  // Whether this line, with or without its end, is a fence or lies between two.
  bool covers(std::string_view line) {
    const auto mark = markOf(line);
    if (length_ == 0) {
      character_ = mark.character;
      length_ = mark.length;
      return length_ > 0;
    }
    if (mark.isBare && mark.character == character_ && mark.length >= length_) length_ = 0;
    return true;
  }

 private:
  struct Mark {
    char character = 0;
    std::size_t length = 0;  // 0: the line is no fence
    bool isBare = false;
  };

  static Mark markOf(std::string_view line) {
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos || start > 3 || (line[start] != '`' && line[start] != '~')) return {};
    const auto end = std::min(line.find_first_not_of(line[start], start), line.size());
    if (end - start < 3) return {};
    // A line with more backticks is a code span.
    if (line[start] == '`' && line.find('`', end) != std::string_view::npos) return {};
    return {line[start], end - start, mortise::withoutSpaceAround(line.substr(end)).empty()};
  }

  char character_ = 0;
  std::size_t length_ = 0;  // of the fence that is open; 0: none is
};

}  // namespace projects
