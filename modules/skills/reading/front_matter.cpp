#include "reading/front_matter.hpp"

#include <mortise/problem.hpp>

#include <algorithm>

#include "reading/lenient_mapping.hpp"
#include "text/unicode.hpp"
#include "yaml/lines.hpp"
#include "yaml/reader.hpp"

namespace skills {
namespace {

constexpr std::size_t kMaxBytes = 16 << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// One line without its break (\n, \r\n or \r), and where the next one begins.
struct TakenLine {
  std::string_view text;
  std::size_t next = 0;
};
TakenLine takeLine(std::string_view text, std::size_t begin) {
  const auto end = std::min(text.find_first_of("\r\n", begin), text.size());
  const bool both = text.substr(end, 2) == "\r\n";
  return {text.substr(begin, end - begin), std::min(end + (both ? 2 : 1), text.size())};
}

bool isFence(std::string_view line) {
  return line.starts_with("---") && line.find_first_not_of(" \t", 3) == std::string_view::npos;
}

void checkCharacters(std::string_view text, std::size_t firstLine) {
  std::size_t line = firstLine;
  for (bool afterReturn = false; !text.empty();) {
    const auto next = firstCodePoint(text);
    if (next.size == 0) throw NotYaml({line, 1}, "it is not UTF-8");
    const bool isBreak = next.value == '\r' || (next.value == '\n' && !afterReturn);
    afterReturn = next.value == '\r';
    if (isBreak) ++line;
    const bool allowed = next.value == '\t' || next.value == '\n' || next.value == '\r' || next.value == 0x85;
    if (isControl(next.value) && !allowed) {
      throw mortise::Problem(422, "skill_front_matter_control").with("line", line);
    }
    text.remove_prefix(next.size);
  }
}

std::string withPlainBreaks(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      plain += text[i];
    } else if (i + 1 >= text.size() || text[i + 1] != '\n') {
      plain += '\n';
    }
  }
  return plain;
}

}  // namespace

FrontMatter readFrontMatter(std::string_view text) {
  FrontMatter result;
  result.body = text;
  const std::size_t start = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const auto opening = takeLine(text, start);
  if (!isFence(opening.text)) return result;

  auto closing = TakenLine{{}, opening.next};
  std::size_t end = text.size();
  for (bool isClosed = false; !isClosed;) {
    if (closing.next >= text.size()) {
      // Where it ends nobody knows: all of it may be meant, and the lines up to the first empty one surely are.
      const auto matter = withPlainBreaks(text.substr(opening.next));
      result.json = lenientMapping(std::string_view(matter).substr(0, matter.find("\n\n")));
      result.fault = {{1, 1}, "the first line is ---, but no later line is", mentionsRules(matter)};
      return result;
    }
    end = closing.next;
    closing = takeLine(text, end);
    isClosed = isFence(closing.text);
  }
  const auto matter = text.substr(opening.next, end - opening.next);
  if (matter.size() > kMaxBytes) {
    throw mortise::Problem(422, "skill_front_matter_too_long").with("most", kMaxBytes >> 10);
  }
  constexpr std::size_t kFirstLine = 2;
  result.body = text.substr(closing.next);
  try {
    checkCharacters(matter, kFirstLine);
    result.json = readYamlMapping(withPlainBreaks(matter), kFirstLine);
  } catch (const NotYaml& fault) {
    const auto plain = withPlainBreaks(matter);
    result.json = lenientMapping(plain);
    result.fault = {fault.place, fault.what(), mentionsRules(plain)};
  }
  return result;
}

std::string FrontMatterFault::text() const {
  return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column) + ": " + rule;
}

}  // namespace skills
