// One pass over an archive that was pushed: it is sound, and what it says of its session.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "archives/archive_reader.hpp"
#include "library/captured_session.hpp"

namespace session_sharing {

struct ArchiveContents {
  SessionMetadata metadata;  // the title is empty where there is no manifest
  std::string searchText;    // UTF-8, at most 100 KiB
};

// Reads the whole archive. `withoutSecrets` replaces the secrets in a title. Problems as of ArchiveReader. Memory: that
// of ArchiveReader, and a few MiB for a manifest or a line. [any thread that may take its time]
ArchiveContents readContents(const ArchiveBytes& bytes, const ArchiveLimits& limits,
                             const std::function<std::string(std::string_view)>& withoutSecrets,
                             const std::function<void()>& cancelled);

}  // namespace session_sharing
