// What the contents API says about one folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skills {

struct GithubEntry {
  bool isFolder = false;
  std::string path;  // in the repository
  std::string downloadUrl;
  std::string sha;  // git's id of the content; empty: not told
  std::optional<std::uint64_t> size;
};

// The entries of `folder`, in the order told. Problem 422: not such a listing, links and submodules, an entry that does
// not lie in the folder.
std::vector<GithubEntry> readListing(std::string_view json, std::string_view folder);

// Whether `bytes` are what `entry` announced: its size, and git's id (SHA-1 or SHA-256).
bool isAnnounced(const GithubEntry& entry, std::string_view bytes);

}  // namespace skills
