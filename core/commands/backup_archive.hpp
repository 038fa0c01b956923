// A backup file: a gzip-compressed tar whose last entry lists every other entry with its SHA-256.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mortise::commands {

struct ArchiveInput {
  std::string name;  // inside the archive
  std::string path;  // on disk
};

// Writes to a temporary name, syncs, renames. Throws std::runtime_error that names the file and the reason.
void writeArchive(const std::string& file, const std::vector<ArchiveInput>& inputs);

// Extracts into an existing empty directory: plain files only, no absolute or ".." names; then compares every checksum.
// Returns the names.
std::vector<std::string> extractArchive(const std::string& file, const std::string& directory);

}  // namespace mortise::commands
