#include "wiki/page_text.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <mortise/characters.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "code_fences.hpp"

namespace projects {
namespace {

constexpr std::size_t kMaxReference = 400;  // bytes between the brackets

void append(std::string& text, UChar32 character) {
  char bytes[4];
  std::int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, character);
  text.append(bytes, static_cast<std::size_t>(size));
}

std::string_view nextLine(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

struct Run {
  std::size_t start = 0, size = 0;
};

// Where code spans of a line begin and end. A run of backticks ends with the next run of its length.
std::vector<std::pair<std::size_t, std::size_t>> codeSpansOf(std::string_view line) {
  std::vector<Run> runs;
  for (auto at = line.find('`'); at != std::string_view::npos; at = line.find('`', at)) {
    const auto end = std::min(line.find_first_not_of('`', at), line.size());
    runs.push_back({at, end - at});
    at = end;
  }
  std::vector<std::size_t> closing(runs.size(), runs.size());
  std::unordered_map<std::size_t, std::size_t> nextOfSize;
  for (std::size_t i = runs.size(); i-- > 0;) {
    const auto [next, isNew] = nextOfSize.try_emplace(runs[i].size, i);
    if (!isNew) closing[i] = std::exchange(next->second, i);
  }
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (closing[i] == runs.size()) continue;
    const auto& last = runs[closing[i]];
    spans.emplace_back(runs[i].start, last.start + last.size);
    i = closing[i];
  }
  return spans;
}

}  // namespace

std::int64_t countWords(std::string_view text) {
  std::int64_t words = 0;
  bool isInWord = false;
  while (!text.empty()) {
    if (const auto space = mortise::detail::spaceAtStart(text); space > 0) {
      isInWord = false;
      text.remove_prefix(space);
      continue;
    }
    if (!isInWord) ++words;
    isInWord = true;
    text.remove_prefix(1);
  }
  return words;
}

std::string inOneLine(std::string_view text) {
  text = mortise::withoutSpaceAround(text);
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    if (const auto space = mortise::detail::spaceAtStart(text); space > 0) {
      if (line.back() != ' ') line += ' ';
      text.remove_prefix(space);
      continue;
    }
    line += text.front();
    text.remove_prefix(1);
  }
  return line;
}

std::string_view withoutFence(std::string_view answer) {
  answer = mortise::withoutSpaceAround(answer);
  constexpr std::string_view kFence = "```";
  const auto firstLine = answer.find('\n');
  if (answer.substr(0, kFence.size()) != kFence || firstLine == std::string_view::npos) return answer;
  if (answer.size() < firstLine + 1 + kFence.size() || answer.substr(answer.size() - kFence.size()) != kFence)
    return answer;
  return mortise::withoutSpaceAround(answer.substr(firstLine, answer.size() - kFence.size() - firstLine));
}

std::string titleOfSlug(std::string_view slug) {
  std::string title;
  bool isInWord = false;
  for (std::size_t at = 0; at < slug.size();) {
    const auto character = static_cast<UChar32>(mortise::detail::nextCharacter(slug, at));
    // Letters that have no upper case end a word as a blank does.
    const bool isCased = u_hasBinaryProperty(character, UCHAR_CASED) != 0;
    if (character == '-') {
      title += ' ';
    } else {
      append(title, !isCased ? character : isInWord ? u_tolower(character) : u_totitle(character));
    }
    isInWord = isCased;
  }
  return title;
}

std::string linkNameOf(std::string_view slugOrReference) {
  const auto text = mortise::withoutSpaceAround(slugOrReference);
  std::string name;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto space = mortise::detail::spaceAtStart(text.substr(at)); space > 0) {
      if (name.empty() || name.back() != '-') name += '-';
      at += space;
      continue;
    }
    append(name, u_tolower(static_cast<UChar32>(mortise::detail::nextCharacter(text, at))));
  }
  return name;
}

std::vector<std::string> referencesIn(std::string_view text, std::size_t most) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  CodeFences fences;
  while (!text.empty() && names.size() < most) {
    const auto line = nextLine(text);
    if (fences.covers(line)) continue;
    const auto spans = codeSpansOf(line);
    auto span = spans.begin();
    std::size_t open = std::string_view::npos;  // behind the last [[
    for (std::size_t at = 0; at + 1 < line.size() && names.size() < most;) {
      if (span != spans.end() && at >= span->first) {
        at = span->second;
        open = std::string_view::npos;
        ++span;
      } else if (line[at] == '[' && line[at + 1] == '[') {
        open = at += 2;
      } else if (line[at] == ']' && line[at + 1] == ']') {
        if (open != std::string_view::npos && at - open <= kMaxReference) {
          auto inner = line.substr(open, at - open);
          inner = inner.substr(0, inner.find_first_of("|#"));
          if (auto name = linkNameOf(inner); !name.empty() && seen.insert(name).second)
            names.push_back(std::move(name));
        }
        open = std::string_view::npos;
        at += 2;
      } else {
        ++at;
      }
    }
  }
  return names;
}

}  // namespace projects
