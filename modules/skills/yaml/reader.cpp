#include "yaml/reader.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "text/unicode.hpp"
#include "yaml/core_schema.hpp"
#include "yaml/lines.hpp"
#include "yaml/scalars.hpp"

namespace skills {
namespace {

class Reader {
 public:
  Reader(std::string_view text, std::size_t firstNumber) : lines_(text, firstNumber) {}

  std::string read() {
    line_ = lines_.nextContent(0);
    if (atEnd()) return "{}";
    const auto start = lines_[line_].start;
    if (lines_.at(start) == '{') {
      scalar(start, 0, 0);
      line_ = lines_.nextContent(line_);
    } else if (keyAt(start)) {
      mapping(start, 1);
    } else {
      refuseMarks(start);
      fail("it is no mapping of keys to values");
    }
    if (!atEnd()) fail("the indentation fits nothing above");
    return std::move(out_);
  }

 private:
  // A key with its colon: "name:" or "'quoted name':".
  struct Key {
    std::string name;
    std::size_t behind = 0;  // the colon
  };
  using Names = std::set<std::string, std::less<>>;

  bool atEnd() const { return line_ >= lines_.count(); }
  [[noreturn]] void fail(const std::string& rule, std::size_t offset) const {
    throw NotYaml(lines_.placeOf(offset, line_), rule);
  }
  [[noreturn]] void fail(const std::string& rule) const { fail(rule, atEnd() ? 0 : lines_[line_].start); }
  mortise::Problem refusal(const char* code) const {
    return mortise::Problem(422, code).with("line", lines_.numberOf(line_));
  }

  int columnOf(std::size_t offset) const { return static_cast<int>(offset - lines_[line_].begin); }
  bool isDash(std::size_t offset) const { return lines_.at(offset) == '-' && lines_.isSpaceOrEnd(offset + 1); }

  void countValue() {
    if (++values_ > kMaxYamlValues) throw refusal("skill_front_matter_values").with("most", kMaxYamlValues);
  }
  void checkLevel(int level) const {
    if (level > kMaxYamlLevels) throw refusal("skill_front_matter_levels").with("most", kMaxYamlLevels);
  }
  void addName(Names& names, const std::string& name) {
    if (name == "<<") throw refusal("skill_front_matter_merge");
    if (!names.insert(name).second) throw refusal("skill_front_matter_key_twice").with("key", printable(name));
    if (out_.back() != '{') out_ += ',';
    mortise::json::appendQuoted(out_, name);
    out_ += ':';
  }

  // What no value and no key may begin with: anchors, aliases and tags would let a small text stand for a large one,
  // or name types.
  void refuseMarks(std::size_t offset) const {
    switch (lines_.at(offset)) {
      case '&':
        throw refusal("skill_front_matter_anchor");
      case '*':
        throw refusal("skill_front_matter_alias");
      case '!':
        throw refusal("skill_front_matter_tag");
      default:
        return;
    }
  }

  void refuseIndicators(std::size_t offset) const {
    refuseMarks(offset);
    const char c = lines_.at(offset);
    if (std::string_view(",[]{}#|>%@`").find(c) != std::string_view::npos) {
      fail(std::string("a plain text can't begin with ") + c, offset);
    }
    if (std::string_view("-?:").find(c) != std::string_view::npos && lines_.isSpaceOrEnd(offset + 1)) {
      fail(std::string("a value can't begin with ") + c + " here", offset);
    }
  }

  // ---- block style -----------------------------------------------------------------------------------------------

  std::optional<Key> keyAt(std::size_t offset) const {
    const auto end = lines_[line_].end;
    const char c = lines_.at(offset);
    if (c == '"' || c == '\'') {
      const auto close = closingQuote(offset, end);
      if (close == std::string_view::npos) return std::nullopt;
      const auto colon = lines_.skipSpaces(close + 1);
      if (lines_.at(colon) != ':' || !lines_.isSpaceOrEnd(colon + 1)) return std::nullopt;
      return Key{readQuoted(lines_, offset, line_).text, colon + 1};
    }
    if (std::string_view("&*![{|>%@`").find(c) != std::string_view::npos) return std::nullopt;
    const auto colon = colonIn(offset, end);
    if (colon == std::string_view::npos) return std::nullopt;
    refuseIndicators(offset);
    return Key{std::string(trimmed(offset, colon)), colon + 1};
  }

  // The quote that ends what begins at `offset`, on the same line.
  std::size_t closingQuote(std::size_t offset, std::size_t end) const {
    const char quote = lines_.at(offset);
    for (auto at = offset + 1; at < end; ++at) {
      const char c = lines_.at(at);
      const bool escape = c == '\\' && quote == '"';
      const bool doubled = c == quote && quote == '\'' && lines_.at(at + 1) == quote;
      if (c == quote && !doubled) return at;
      if (escape || doubled) ++at;
    }
    return std::string_view::npos;
  }

  // The first ':' before white space, unless a comment begins before it.
  std::size_t colonIn(std::size_t offset, std::size_t end) const {
    for (auto at = offset; at < end; ++at) {
      const char c = lines_.at(at);
      if (c == ':' && lines_.isSpaceOrEnd(at + 1)) return at;
      if (c == '#' && at > offset && lines_.isSpace(at - 1)) break;
    }
    return std::string_view::npos;
  }

  std::string_view trimmed(std::size_t begin, std::size_t end) const {
    while (end > begin && lines_.isSpace(end - 1)) --end;
    return lines_.text().substr(begin, end - begin);
  }

  // From `offset`, where its first key stands, on: all lines that begin in the same column.
  void mapping(std::size_t offset, int level) {
    checkLevel(level);
    countValue();
    const int column = columnOf(offset);
    Names names;
    out_ += '{';
    while (true) {
      if (lines_.at(offset) == '\t') fail("a tab is used as indentation", offset);
      const auto key = keyAt(offset);
      if (!key) {
        refuseMarks(offset);
        fail("expected a key and a colon", offset);
      }
      addName(names, key->name);
      mappingValue(key->behind, column, level);
      line_ = lines_.nextContent(line_);
      if (atEnd() || lines_[line_].indent() < column) break;
      if (lines_[line_].indent() > column) fail("the line is indented further than the one above");
      offset = lines_[line_].start;
    }
    out_ += '}';
  }

  void mappingValue(std::size_t offset, int column, int level) {
    if (!lines_.restIsEmpty(offset)) return scalar(lines_.skipSpaces(offset), column, level);
    line_ = lines_.nextContent(line_ + 1);
    const bool sameColumn = !atEnd() && lines_[line_].indent() == column && isDash(lines_[line_].start);
    if (sameColumn) return sequence(lines_[line_].start, level + 1);
    valueBelow(column, level);
  }

  // The value that the next lines hold if they are indented further than `column`; else null.
  void valueBelow(int column, int level) {
    if (!atEnd() && lines_[line_].indent() > column) return node(lines_[line_].start, column, level);
    countValue();
    out_ += "null";
  }

  void sequence(std::size_t offset, int level) {
    checkLevel(level);
    countValue();
    const int column = columnOf(offset);
    out_ += '[';
    while (true) {
      if (lines_.restIsEmpty(offset + 1)) {
        line_ = lines_.nextContent(line_ + 1);
        valueBelow(column, level);
      } else {
        if (lines_.at(offset + 1) == '\t') fail("a tab follows a dash; use a space", offset + 1);
        node(lines_.skipSpaces(offset + 1), column, level);
      }
      line_ = lines_.nextContent(line_);
      if (atEnd() || lines_[line_].indent() < column) break;
      if (lines_[line_].indent() > column) fail("the line is indented further than the one above");
      offset = lines_[line_].start;
      if (!isDash(offset)) break;  // the next key of the mapping that holds this list in the same column
      out_ += ',';
    }
    out_ += ']';
  }

  // Whatever begins at `offset`, held by what has its column at `parent`.
  void node(std::size_t offset, int parent, int level) {
    if (lines_.at(offset) == '\t') fail("a tab is used as indentation", offset);
    if (isDash(offset)) return sequence(offset, level + 1);
    if (keyAt(offset)) return mapping(offset, level + 1);
    scalar(offset, parent, level);
  }

  // A value that is no block collection; ends with line_ behind it.
  void scalar(std::size_t offset, int parent, int level) {
    const char c = lines_.at(offset);
    if (c == '|' || c == '>') {
      countValue();
      auto block = readBlockScalar(lines_, offset, line_, parent);
      mortise::json::appendQuoted(out_, block.text);
      line_ = block.nextLine;
      return;
    }
    if (c != '"' && c != '\'' && c != '[' && c != '{') return plain(offset, parent);
    const auto end = c == '[' || c == '{' ? flowCollection(offset, level + 1) : quoted(offset);
    line_ = lines_.lineAt(end, line_);
    if (!lines_.restIsEmpty(end)) fail("something follows the end of the value", lines_.skipSpaces(end));
    ++line_;
  }

  std::size_t quoted(std::size_t offset) {
    countValue();
    auto scalar = readQuoted(lines_, offset, line_);
    mortise::json::appendQuoted(out_, scalar.text);
    return scalar.end;
  }

  // A plain text goes on over the lines that are indented further than its parent.
  void plain(std::size_t offset, int parent) {
    refuseIndicators(offset);
    countValue();
    std::string text;
    bool ended = plainLine(text, offset);
    ++line_;
    while (!ended) {
      auto next = line_;
      while (next < lines_.count() && lines_[next].blank) ++next;
      if (next >= lines_.count() || lines_[next].indent() <= parent) break;
      const auto start = lines_.skipSpaces(lines_[next].begin);
      if (lines_.at(start) == '#') break;
      text.append(next == line_ ? " " : std::string(next - line_, '\n'));
      line_ = next;
      ended = plainLine(text, start);
      ++line_;
    }
    out_ += plainScalarJson(text);
  }

  // Adds what one line says; whether a comment ended the text.
  bool plainLine(std::string& text, std::size_t offset) const {
    auto end = lines_[line_].end;
    if (const auto colon = colonIn(offset, end); colon != std::string_view::npos)
      fail("a colon and a space in a plain text; put it into quotes", colon);
    bool comment = false;
    for (auto at = offset + 1; at < end && !comment; ++at) {
      comment = lines_.at(at) == '#' && lines_.isSpace(at - 1);
      if (comment) end = at;
    }
    text += trimmed(offset, end);
    return comment;
  }

  // ---- flow style ------------------------------------------------------------------------------------------------

  // White space, line breaks and comments; keeps line_ at the line of the result.
  std::size_t skipFlowSpace(std::size_t offset) {
    while (offset < lines_.text().size()) {
      offset = lines_.skipSpaces(offset);
      if (offset >= lines_.text().size()) break;
      const bool comment = lines_.at(offset) == '#' && lines_.restIsEmpty(offset);
      if (comment) offset = std::min(lines_.text().find('\n', offset), lines_.text().size());
      if (lines_.at(offset) != '\n') break;
      ++offset;
    }
    line_ = lines_.lineAt(offset, line_);
    if (offset >= lines_.text().size()) fail("a bracket is not closed");
    return offset;
  }

  std::size_t flowCollection(std::size_t offset, int level) {
    checkLevel(level);
    countValue();
    return lines_.at(offset) == '[' ? flowSequence(offset, level) : flowMapping(offset, level);
  }

  std::size_t flowSequence(std::size_t offset, int level) {
    out_ += '[';
    offset = skipFlowSpace(offset + 1);
    while (lines_.at(offset) != ']') {
      if (out_.back() != '[') out_ += ',';
      offset = skipFlowSpace(flowNode(offset, level));
      if (isFlowColon(offset)) fail("a key inside [ ]; put the text into quotes, or the pair into { }", offset);
      offset = flowSeparator(offset, ']');
    }
    out_ += ']';
    return offset + 1;
  }

  std::size_t flowMapping(std::size_t offset, int level) {
    Names names;
    out_ += '{';
    offset = skipFlowSpace(offset + 1);
    while (lines_.at(offset) != '}') {
      auto key = flowKey(offset);
      addName(names, key.name);
      offset = skipFlowSpace(key.behind);
      const bool hasValue = lines_.at(offset) == ':';
      if (hasValue) offset = skipFlowSpace(offset + 1);
      if (hasValue && lines_.at(offset) != ',' && lines_.at(offset) != '}') {
        offset = skipFlowSpace(flowNode(offset, level));
      } else {
        countValue();
        out_ += "null";
      }
      offset = flowSeparator(offset, '}');
    }
    out_ += '}';
    return offset + 1;
  }

  // Behind a comma, or at the closing bracket.
  std::size_t flowSeparator(std::size_t offset, char close) {
    if (lines_.at(offset) == close) return offset;
    if (lines_.at(offset) != ',') fail(std::string("expected , or ") + close, offset);
    return skipFlowSpace(offset + 1);
  }

  std::size_t flowNode(std::size_t offset, int level) {
    const char c = lines_.at(offset);
    if (c == '[' || c == '{') return flowCollection(offset, level + 1);
    if (c == '"' || c == '\'') return quoted(offset);
    countValue();
    const auto [text, end] = flowPlain(offset);
    out_ += plainScalarJson(text);
    return end;
  }

  Key flowKey(std::size_t offset) {
    const char c = lines_.at(offset);
    if (c == '[' || c == '{') fail("a key must be a text", offset);
    if (c == '"' || c == '\'') {
      auto scalar = readQuoted(lines_, offset, line_);
      return {std::move(scalar.text), scalar.end};
    }
    auto [text, end] = flowPlain(offset);
    return {std::move(text), end};
  }

  static bool isFlowIndicator(char c) { return std::string_view(",[]{}").find(c) != std::string_view::npos; }
  bool isFlowColon(std::size_t offset) const {
    return lines_.at(offset) == ':' && (lines_.isSpaceOrEnd(offset + 1) || isFlowIndicator(lines_.at(offset + 1)));
  }

  // A plain text inside brackets, over line breaks as well, and the offset behind it.
  std::pair<std::string, std::size_t> flowPlain(std::size_t offset) {
    refuseIndicators(offset);
    std::string text;
    auto end = offset;
    while (true) {
      auto at = offset;
      bool comment = false;
      while (lines_.at(at) != '\n' && !isFlowIndicator(lines_.at(at)) && !isFlowColon(at) && !comment) {
        ++at;
        comment = lines_.at(at) == '#' && lines_.isSpace(at - 1);
      }
      text += trimmed(offset, at);
      end = at;
      if (lines_.at(at) != '\n') break;
      std::size_t breaks = 0;
      for (; at < lines_.text().size() && lines_.isSpaceOrEnd(at); ++at) breaks += lines_.at(at) == '\n' ? 1 : 0;
      const char next = lines_.at(at);
      if (at >= lines_.text().size() || next == '#' || isFlowIndicator(next) || isFlowColon(at)) break;
      text.append(breaks == 1 ? " " : std::string(breaks - 1, '\n'));
      offset = at;
    }
    return {std::move(text), end};
  }

  YamlLines lines_;
  std::size_t line_ = 0;
  std::size_t values_ = 0;
  std::string out_;
};

}  // namespace

std::string readYamlMapping(std::string_view text, std::size_t firstNumber) { return Reader(text, firstNumber).read(); }

}  // namespace skills
