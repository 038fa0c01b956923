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

}  // namespace

std::string fallbackName(std::string_view body, std::string_view sourceRef) {
  bool fenced = false;  // "# comment" of a shell example is no heading
  for (std::size_t at = 0; at < body.size();) {
    const auto end = std::min(body.find('\n', at), body.size());
    const auto line = body.substr(at, end - at);
    at = end + 1;
    if (trimmed(line).substr(0, 3) == "```") fenced = !fenced;
    if (fenced) continue;
    const auto heading = headingOf(line);
    if (!heading.empty()) return std::string(firstCharacters(heading, kMaxNameCharacters));
  }
  return std::string(firstCharacters(lastSegment(sourceRef), kMaxNameCharacters));
}

}  // namespace skills
