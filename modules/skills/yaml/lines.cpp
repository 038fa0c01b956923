#include "yaml/lines.hpp"

#include <algorithm>

#include "text/characters.hpp"

namespace skills {

YamlLines::YamlLines(std::string_view text, std::size_t firstNumber) : text_(text), firstNumber_(firstNumber) {
  for (std::size_t begin = 0; begin < text.size();) {
    YamlLine line;
    line.begin = begin;
    line.end = std::min(text.find('\n', begin), text.size());
    line.start = std::min(text.find_first_not_of(' ', begin), line.end);
    line.blank = skipSpaces(begin) >= line.end;
    lines_.push_back(line);
    begin = line.end + 1;
  }
}

std::size_t YamlLines::lineAt(std::size_t offset, std::size_t from) const noexcept {
  while (from + 1 < lines_.size() && lines_[from].end < offset) ++from;
  return from;
}

YamlPlace YamlLines::placeOf(std::size_t offset, std::size_t from) const noexcept {
  if (from >= lines_.size()) return {numberOf(lines_.size()), 1};
  const auto line = lineAt(offset, from);
  const auto begin = lines_[line].begin;
  return {numberOf(line), charactersIn(text_.substr(begin, offset - std::min(begin, offset))) + 1};
}

std::size_t YamlLines::skipSpaces(std::size_t offset) const noexcept {
  return std::min(text_.find_first_not_of(" \t", offset), text_.size());
}

bool YamlLines::restIsEmpty(std::size_t offset) const noexcept {
  const auto next = skipSpaces(offset);
  if (at(next) == '\n') return true;
  return at(next) == '#' && (next > offset || offset == 0 || isSpace(offset - 1) || at(offset - 1) == '\n');
}

std::size_t YamlLines::nextContent(std::size_t index) const noexcept {
  while (index < lines_.size() && (lines_[index].blank || at(skipSpaces(lines_[index].begin)) == '#')) ++index;
  return index;
}

}  // namespace skills
