// Which names files of a bundle may have. The bundle lies on Linux disks and in Linux sandboxes: what only Windows
// minds (CON, trailing dots) is allowed, but for drive letters, which are absolute paths there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skills {

inline constexpr std::size_t kMaxSegmentBytes = 255;
inline constexpr std::size_t kMaxPathBytes = 1024;

// '\' becomes '/', empty and "." segments go, ".." takes the segment before it. Throws Problem 422 that names the path
// and the rule: absolute, climbs out, control characters or direction marks, not UTF-8, empty, too long.
std::string normalisedPath(std::string_view path);

// Whether what lies there is left out of every bundle: version control (.git, .hg, .svn) and what file managers and
// interpreters leave behind (.DS_Store, Thumbs.db, desktop.ini, __MACOSX, AppleDouble "._*", __pycache__).
bool isIgnoredName(std::string_view segment);
bool hasIgnoredName(std::string_view path);  // some segment is

}  // namespace skills
