#include "registry/merged_document.hpp"

#include <mortise/white_space.hpp>

#include <algorithm>

#include "code_fences.hpp"
#include "registry/new_document.hpp"

namespace projects {
namespace {

constexpr std::size_t kLeastLevel = 3;  // below the section's own heading
constexpr std::size_t kMaxLevel = 6;

// Of "## Heading" 2, by CommonMark; 0: the line is no heading.
std::size_t levelOf(std::string_view line) {
  const auto start = line.find_first_not_of(' ');
  if (start == std::string_view::npos || start > 3) return 0;
  const auto end = std::min(line.find_first_not_of('#', start), line.size());
  const bool isHeading = end == line.size() || line[end] == ' ' || line[end] == '\t' || line[end] == '\r';
  return isHeading && end - start <= kMaxLevel ? end - start : 0;
}

std::string asSection(std::string_view name, std::string_view document) {
  std::string out = "\n## Merged from " + std::string(name) + "\n";
  CodeFences fences;
  bool isStart = true;
  while (!document.empty()) {
    const auto end = std::min(document.find('\n'), document.size());
    const auto line = document.substr(0, end);
    document.remove_prefix(std::min(end + 1, document.size()));
    const auto level = fences.covers(line) ? 0 : levelOf(line);
    const bool isTitle = isStart && level == 1;
    isStart = isStart && mortise::withoutSpaceAround(line).empty();
    if (isTitle) continue;
    if (level > 0) out.append(std::clamp(level + 1, kLeastLevel, kMaxLevel) - level, '#');
    out.append(level > 0 ? line.substr(line.find('#')) : line).append("\n");
  }
  return out;
}

}  // namespace

std::string mergedDocument(std::string_view into, std::string_view name, std::string_view from) {
  if (isUnwritten(from)) return std::string(into);
  if (isUnwritten(into)) return std::string(from);
  std::string out(into);
  if (!out.ends_with('\n')) out.push_back('\n');
  return out.append(asSection(name, from));
}

}  // namespace projects
