#include "bundle/path_rules.hpp"

#include <algorithm>
#include <vector>

#include "bundle/refusal.hpp"
#include "text/ascii.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

void checkCharacters(std::string_view path) {
  for (auto rest = path; !rest.empty();) {
    const auto next = firstCodePoint(rest);
    if (next.size == 0) throw refusal("skill_path_not_utf8", path);
    if (isControl(next.value) || isDirectionMark(next.value)) throw refusal("skill_path_control", path);
    rest.remove_prefix(next.size);
  }
}

// Calls visit(segment) for what stands between slashes.
template <class Visit>
void eachSegment(std::string_view path, Visit&& visit) {
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    visit(path.substr(start, end - start));
    start = end + 1;
  }
}

}  // namespace

std::string normalisedPath(std::string_view path) {
  if (path.size() > 4 * kMaxPathBytes) {
    throw refusal("skill_path_too_long", path).with("most", kMaxPathBytes).with("segment", kMaxSegmentBytes);
  }
  checkCharacters(path);
  std::string slashed(path);
  std::replace(slashed.begin(), slashed.end(), '\\', '/');
  const bool drive =
      slashed.size() >= 2 && (ascii::isUpper(slashed[0]) || ascii::isLower(slashed[0])) && slashed[1] == ':';
  if (slashed.starts_with('/') || drive) throw refusal("skill_path_absolute", path);

  std::vector<std::string_view> segments;
  eachSegment(slashed, [&](std::string_view segment) {
    if (segment.empty() || segment == ".") return;
    if (segment != "..") {
      segments.push_back(segment);
      return;
    }
    if (segments.empty()) throw refusal("skill_path_climbs", path);
    segments.pop_back();
  });
  if (segments.empty()) throw refusal("skill_path_empty", path);

  std::string normalised;
  bool tooLong = false;
  for (const auto segment : segments) {
    tooLong = tooLong || segment.size() > kMaxSegmentBytes;
    if (!normalised.empty()) normalised += '/';
    normalised += segment;
  }
  if (tooLong || normalised.size() > kMaxPathBytes) {
    throw refusal("skill_path_too_long", path).with("most", kMaxPathBytes).with("segment", kMaxSegmentBytes);
  }
  return normalised;
}

bool isIgnoredName(std::string_view segment) {
  constexpr std::string_view kIgnored[] = {".git",      ".hg",         ".svn",     ".DS_Store",
                                           "Thumbs.db", "desktop.ini", "__MACOSX", "__pycache__"};
  return segment.starts_with("._") ||
         std::find(std::begin(kIgnored), std::end(kIgnored), segment) != std::end(kIgnored);
}

bool hasIgnoredName(std::string_view path) {
  bool hasIgnored = false;
  eachSegment(path, [&](std::string_view segment) { hasIgnored = hasIgnored || isIgnoredName(segment); });
  return hasIgnored;
}

}  // namespace skills
