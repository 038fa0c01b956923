// The files of one skill, in memory, within the limits of the contract (agent-platform.md 7.2).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skills {

inline constexpr std::size_t kMaxFiles = 200;
inline constexpr std::size_t kMaxFileBytes = 256 << 10;
inline constexpr std::size_t kMaxBundleBytes = 10 << 20;

struct BundleFile {
  std::string path;  // relative, normalised: '/' between segments, no "." or ".."
  std::string bytes;
  bool isText = false;  // valid UTF-8 without NUL
};

// Sorted by path, no path twice.
class Bundle {
 public:
  const std::vector<BundleFile>& files() const noexcept { return files_; }
  const BundleFile* find(std::string_view path) const noexcept;

 private:
  friend class BundleBuilder;
  std::vector<BundleFile> files_;
};

// Takes files in any order and keeps the limits. Everything it refuses is a Problem 422 whose message names the path
// (made printable) and the rule.
class BundleBuilder {
 public:
  // `path` as the source wrote it. Refuses: absolute paths, a ".." that climbs out, control bytes, invalid UTF-8, an
  // empty or overlong name (255 bytes a segment, 1024 in all), a file where a folder is, the same path twice (also when
  // only letter case differs), and what is over a limit.
  void add(std::string_view path, std::string bytes);
  // Bytes that one more file may have, to stop reading early: read at most one more, and let add() refuse it.
  std::size_t room() const noexcept;
  // When everything lies in one top folder and no SKILL.md beside it, as archives are packed: without that folder.
  void dropTopFolder();
  // Refuses a bundle without a SKILL.md at its root, or with one that is not UTF-8.
  Bundle finish() &&;

 private:
  void claim(const std::string& path);

  Bundle bundle_;
  std::map<std::string, bool> taken_;  // path without letter case -> whether it is a file; else a folder
  std::size_t bytes_ = 0;
};

}  // namespace skills
