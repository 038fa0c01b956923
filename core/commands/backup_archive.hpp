// A backup file: a gzip-compressed tar whose last entry lists every other entry with its SHA-256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/temporary_file.hpp"

namespace mortise::commands {

struct ArchiveInput {
  std::string name;  // inside the archive
  std::string path;  // on disk
  // A running server may remove it at any time: it is left out when it is gone.
  bool mayBeGone = false;
};

// Writes into `out`, syncs it and gives it the name `file`. Returns how many inputs were gone. Throws std::runtime_error
// that names the file and the reason.
std::size_t writeArchive(TemporaryFile& out, const std::string& file, const std::vector<ArchiveInput>& inputs);

// Extracts what `opened` reads into an existing empty directory: plain files only, no absolute or ".." names; then
// compares every checksum. `file`: its name for messages. Returns the names. Throws std::runtime_error.
std::vector<std::string> extractArchive(int opened, const std::string& file, const std::string& directory);

}  // namespace mortise::commands
