#include "reading/fallback_name.hpp"

#include <algorithm>

#include "reading/manifest.hpp"
#include "text/ascii.hpp"
#include "text/characters.hpp"

namespace skills {
namespace {

using ascii::trimmed;

std::string lastSegment(std::string_view ref) {
  while (!ref.empty() && ref.back() == '/') ref.remove_suffix(1);
  const auto slash = ref.find_last_of("/:");
  return std::string(slash == std::string_view::npos ? ref : ref.substr(slash + 1));
}

// The text of "# Heading"; closing #s are no part of it.
std::string_view headingOf(std::string_view line) {
  if (line.size() < 2 || line[0] != '#' || (line[1] != ' ' && line[1] != '\t')) return {};
  auto text = trimmed(line.substr(1));
  const auto end = text.find_last_not_of('#');
  if (end == std::string_view::npos) return {};
  if (end + 1 < text.size() && text[end] == ' ') text = trimmed(text.substr(0, end));
  return text;
}

// "```" of "```sh"; nothing of a line that is no fence. By CommonMark a fence ends with at least as many of the same
// character, and nothing behind them.
struct Fence {
  std::string_view characters;
  bool bare = false;
};
Fence fenceOf(std::string_view line) {
  constexpr std::size_t kMaxIndent = 3;
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos || begin > kMaxIndent || (line[begin] != '`' && line[begin] != '~')) return {};
  line.remove_prefix(begin);
  const auto length = std::min(line.find_first_not_of(line.front()), line.size());
  const auto behind = trimmed(line.substr(length));
  if (length < 3 || (line.front() == '`' && behind.find('`') != std::string_view::npos)) return {};
  return {line.substr(0, length), behind.empty()};
}

}  // namespace

std::string fallbackName(std::string_view body, std::string_view sourceRef) {
  std::string_view fence;  // the one that is open: "# comment" of a shell example is no heading
  for (std::size_t at = 0; at < body.size();) {
    const auto end = std::min(body.find('\n', at), body.size());
    const auto line = body.substr(at, end - at);
    at = end + 1;
    if (const auto mark = fenceOf(line); fence.empty()) {
      fence = mark.characters;
    } else if (mark.bare && mark.characters.starts_with(fence)) {
      fence = {};
      continue;
    }
    if (!fence.empty()) continue;
    const auto heading = headingOf(line);
    if (!heading.empty()) return std::string(firstCharacters(heading, kMaxNameCharacters));
  }
  return std::string(firstCharacters(lastSegment(sourceRef), kMaxNameCharacters));
}

}  // namespace skills
