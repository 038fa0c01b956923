// Looks for secrets and health data in the JSON of an archive, and packs the archive anew without them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "archives/archive_reader.hpp"
#include "dlp/json_inspection.hpp"
#include "dlp/sensitive_text.hpp"

namespace session_sharing {

struct SensitiveFinding {
  std::string pattern;
  std::string category;
  std::string severity;
  std::int64_t line = 0;  // in its file
};

struct ArchiveFindings {
  std::int64_t count = 0;
  std::vector<SensitiveFinding> first;                 // kMaxFindings at most
  std::set<std::string> patterns;                      // the names of all
  std::vector<std::string> unreadable;                 // files that are no JSON, or that the patterns take too long for
  std::map<std::string, std::uint64_t> redactedSizes;  // of the files with findings, where asked for
};
inline constexpr std::size_t kMaxFindings = 100;

// Reads all .json and .jsonl files. `measures`: finds out how large those with findings are without them, which a tar
// must say before they come. Problems of ArchiveReader; what `cancelled` throws. [worker]
ArchiveFindings inspectArchive(const ArchiveBytes& archive, const SensitiveTextMatcher& matcher, bool measures,
                               const std::function<void()>& cancelled);

// Writes the archive anew, as gzip-compressed tar: the files of `findings.redactedSizes` redacted, the others as they
// are. The same archive becomes the same bytes each time. Throws std::runtime_error when it can't be packed. [worker]
void packRedacted(const ArchiveBytes& archive, const SensitiveTextMatcher& matcher, const ArchiveFindings& findings,
                  const std::function<void()>& cancelled, const ByteSink& write);

}  // namespace session_sharing
