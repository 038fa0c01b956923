#include "loop/json_repair.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <cctype>

#include "json_text.hpp"

namespace agent {
namespace {

constexpr std::size_t kMaxBytes = 1U << 20U;
constexpr int kMaxDepth = 60;  // parseJson() takes 64

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool isWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '$' || c == '.' || c == '+';
}

bool isLiteral(std::string_view word) {
  for (const std::string_view literal : {"true", "false", "null", "True", "False", "None"}) {
    if (word == literal) return true;
  }
  return false;
}

// Writes valid JSON of what it reads, whatever that is.
class Repair {
 public:
  explicit Repair(std::string_view text) : text_(text) {}

  // With `text` at its opening brace. False: nested too deep.
  bool object(std::string& out) { return members(out, 0) && !tooDeep_; }

 private:
  bool atEnd() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool ahead(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  void skip() {
    while (!atEnd()) {
      if (isBlank(peek())) {
        ++at_;
      } else if (ahead("//") || peek() == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (ahead("/*")) {
        const auto end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (ahead("\xEF\xBB\xBF") || ahead("\xC2\xA0")) {
        at_ += ahead("\xC2\xA0") ? 2 : 3;
      } else {
        return;
      }
    }
  }

  // The quote that stands here and how it ends; empty: none does.
  std::string_view openingQuote() const {
    for (const std::string_view quote : {"\"", "'", "`", "\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x98"}) {
      if (ahead(quote)) return quote;
    }
    return {};
  }

  bool members(std::string& out, int depth) {
    if (depth > kMaxDepth) return fail();
    ++at_;  // {
    out += '{';
    bool isFirst = true;
    for (;;) {
      skipSeparators();
      if (atEnd()) break;
      if (peek() == '}') {
        ++at_;
        break;
      }
      if (peek() == ']') {  // of a list that was not closed
        break;
      }
      std::string name;
      const auto before = at_;
      if (!key(name)) {
        if (at_ == before) ++at_;
        continue;
      }
      skip();
      if (atEnd() && cutKey_) break;
      if (peek() == ':' || peek() == '=') ++at_;
      if (ahead(">")) ++at_;
      skip();
      if (!isFirst) out += ',';
      isFirst = false;
      mortise::json::appendQuoted(out, name);
      out += ':';
      if (atEnd() || peek() == '}' || peek() == ',') {
        out += "null";
        continue;
      }
      if (!value(out, depth + 1)) return false;
    }
    out += '}';
    return true;
  }

  bool elements(std::string& out, int depth) {
    if (depth > kMaxDepth) return fail();
    ++at_;  // [
    out += '[';
    bool isFirst = true;
    for (;;) {
      skipSeparators();
      if (atEnd()) break;
      if (peek() == ']') {
        ++at_;
        break;
      }
      if (peek() == '}') break;  // of the object around a list that was not closed
      if (peek() == ':') {
        ++at_;
        continue;
      }
      if (!isFirst) out += ',';
      isFirst = false;
      if (!value(out, depth + 1)) return false;
    }
    out += ']';
    return true;
  }

  void skipSeparators() {
    for (skip(); peek() == ',' || peek() == ';'; skip()) ++at_;
  }

  bool value(std::string& out, int depth) {
    if (peek() == '{') return members(out, depth);
    if (peek() == '[') return elements(out, depth);
    if (!openingQuote().empty()) {
      mortise::json::appendQuoted(out, quoted(false));
      return true;
    }
    out += bare();
    return true;
  }

  bool key(std::string& name) {
    if (!openingQuote().empty()) {
      name = quoted(true);
      return true;
    }
    const auto from = at_;
    while (!atEnd() && (isWord(peek()) || static_cast<unsigned char>(peek()) >= 0x80)) ++at_;
    name = cleanText(text_.substr(from, at_ - from));
    cutKey_ = atEnd();
    return !name.empty();
  }

  // A word or number without quotes, as JSON.
  std::string bare() {
    const auto from = at_;
    while (!atEnd() && !isBlank(peek()) && std::string_view(",:;{}[]\"'").find(peek()) == std::string_view::npos) ++at_;
    auto word = text_.substr(from, at_ - from);
    if (word.empty()) {
      ++at_;
      return "null";
    }
    if (word == "true" || word == "True" || word == "TRUE") return "true";
    if (word == "false" || word == "False" || word == "FALSE") return "false";
    for (const std::string_view none :
         {"null", "None", "NULL", "Null", "nil", "undefined", "NaN", "Infinity", "-Infinity", "nul", "nu", "n"}) {
      if (word == none) return "null";
    }
    // Cut off in the middle.
    if (atEnd() && std::string_view("true").starts_with(word)) return "true";
    if (atEnd() && std::string_view("false").starts_with(word)) return "false";
    if (word.front() == '+') word.remove_prefix(1);
    std::string number(word);
    if (!number.empty() && number.front() == '.') number.insert(0, "0");
    while (!number.empty() && (number.back() == '.' || number.back() == 'e' || number.back() == 'E' ||
                               number.back() == '-' || number.back() == '+'))
      number.pop_back();
    rapidjson::Document read;
    if (!number.empty() && parseJson(number, read) && read.IsNumber()) return number;
    // A text without quotes goes on to the end of the line or the next separator.
    while (!atEnd() && std::string_view(",\n}]").find(peek()) == std::string_view::npos) ++at_;
    word = text_.substr(from, at_ - from);
    while (!word.empty() && isBlank(word.back())) word.remove_suffix(1);
    std::string out;
    mortise::json::appendQuoted(out, cleanText(word));
    return out;
  }

  // Whether a quote here, at `at`, ends the text: what follows is what may follow a text.
  bool ends(std::size_t at, bool isKey) const {
    while (at < text_.size() && isBlank(text_[at])) ++at;
    if (at >= text_.size()) return true;
    const char c = text_[at];
    if (c == ':') return isKey;
    if (isKey) return false;
    if (c == '}' || c == ']') return true;
    if (c == ',') {
      // A comma within a text is followed by anything; one between members by what begins one.
      for (++at; at < text_.size() && isBlank(text_[at]);) ++at;
      if (at >= text_.size()) return true;
      if (std::string_view("\"'{[}]-0123456789/").find(text_[at]) != std::string_view::npos ||
          static_cast<unsigned char>(text_[at]) == 0xE2)
        return true;
      const auto word = at;
      while (at < text_.size() && isWord(text_[at])) ++at;
      if (at > word && isLiteral(text_.substr(word, at - word))) return true;
      while (at < text_.size() && isBlank(text_[at])) ++at;
      return at > word && at < text_.size() && text_[at] == ':';  // a name without quotes
    }
    // The comma is missing, and the next line begins a member.
    return c == '"' && text_.substr(0, at).ends_with('\n');
  }

  std::string quoted(bool isKey) {
    const auto opening = openingQuote();
    const bool smart = opening.size() > 1;
    at_ += opening.size();
    std::string out;
    cutKey_ = false;
    while (!atEnd()) {
      const char c = peek();
      if (c == '\\') {
        escape(out);
        continue;
      }
      const bool closesSmart =
          smart && (ahead("\xE2\x80\x9D") || ahead("\xE2\x80\x9C") || ahead("\xE2\x80\x99") || c == '"');
      if (closesSmart || (!smart && c == opening[0])) {
        const std::size_t size = closesSmart && c != '"' ? 3 : 1;
        if (ends(at_ + size, isKey)) {
          at_ += size;
          return cleanText(out);
        }
        // One that belongs to the text.
        out.append(text_.substr(at_, size));
        at_ += size;
        continue;
      }
      out += c;
      ++at_;
    }
    cutKey_ = true;
    return cleanText(out);
  }

  static void append(std::string& out, std::uint32_t c) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | (c >> 6U));
      out += static_cast<char>(0x80 | (c & 0x3FU));
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 | (c >> 12U));
      out += static_cast<char>(0x80 | ((c >> 6U) & 0x3FU));
      out += static_cast<char>(0x80 | (c & 0x3FU));
    } else {
      out += static_cast<char>(0xF0 | (c >> 18U));
      out += static_cast<char>(0x80 | ((c >> 12U) & 0x3FU));
      out += static_cast<char>(0x80 | ((c >> 6U) & 0x3FU));
      out += static_cast<char>(0x80 | (c & 0x3FU));
    }
  }

  // Four hex digits at `at`; -1: there are none.
  std::int64_t hex(std::size_t at) const {
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      if (i >= text_.size() || std::isxdigit(static_cast<unsigned char>(text_[i])) == 0) return -1;
      const char c = text_[i];
      value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  }

  void escape(std::string& out) {
    ++at_;  // the backslash
    if (atEnd()) return;
    const char c = peek();
    ++at_;
    constexpr std::string_view kFrom = "nrtbf", kTo = "\n\r\t\b\f";
    if (const auto index = kFrom.find(c); index != std::string_view::npos) {
      out += kTo[index];
    } else if (c == 'u') {
      auto first = hex(at_);
      if (first < 0) {
        if (at_ + 4 > text_.size()) at_ = text_.size();  // cut off
        return;
      }
      at_ += 4;
      if (first >= 0xD800 && first < 0xDC00) {
        const auto second = ahead("\\u") ? hex(at_ + 2) : -1;
        if (second < 0xDC00 || second > 0xDFFF) {
          out += "\xEF\xBF\xBD";
          return;
        }
        at_ += 6;
        first = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
      }
      append(out, first >= 0xDC00 && first <= 0xDFFF ? 0xFFFD : static_cast<std::uint32_t>(first));
    } else if (c == '\n') {
      // A line that goes on.
    } else {
      out += c;
    }
  }

  bool fail() {
    tooDeep_ = true;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool tooDeep_ = false;
  bool cutKey_ = false;  // the text ended within a name
};

std::string_view withoutFence(std::string_view text) {
  const auto fence = text.find("```");
  if (fence == std::string_view::npos) return text;
  const auto brace = text.find('{');
  if (brace != std::string_view::npos && brace < fence) return text;  // it stands in a text
  const auto line = text.find('\n', fence);
  if (line == std::string_view::npos) return text;
  return text.substr(line + 1);
}

}  // namespace

bool repairJsonObject(std::string_view text, rapidjson::Document& into) {
  text = text.substr(0, kMaxBytes);
  if (parseJson(text, into) && into.IsObject()) return true;
  text = withoutFence(text);
  const auto brace = text.find('{');
  if (brace == std::string_view::npos) return false;
  text.remove_prefix(brace);
  const auto last = text.rfind('}');
  if (last != std::string_view::npos && parseJson(text.substr(0, last + 1), into) && into.IsObject()) return true;
  std::string repaired;
  return Repair(text).object(repaired) && parseJson(repaired, into) && into.IsObject();
}

}  // namespace agent
