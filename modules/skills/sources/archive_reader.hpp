// Bundles out of archives. Nothing is unpacked to disk; reading stops at the first limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bundle/bundle.hpp"
#include "sources/cancellation.hpp"

namespace skills {

inline constexpr std::string_view kArchiveSuffixes[] = {".zip", ".skill", ".tar", ".tar.gz", ".tgz"};
inline constexpr std::size_t kMaxArchiveBytes = 16 << 20;  // of an archive file of this machine

// Reads a zip archive (stored or deflated entries) or a tar archive, gzipped or not. The one top folder that everything
// may be packed in is dropped. Problem 422: links, devices, encrypted or damaged entries, too many entries, too much
// once unpacked, and all that BundleBuilder refuses.
Bundle bundleOfArchive(std::string_view archive, const Cancellation& cancelled);

// The next bytes of an archive that arrives in pieces; empty at its end. They live until the next call.
using ArchivePieces = std::function<std::string_view()>;

// Reads a gzipped tar of a whole repository: of what lies in its one top folder, the files below `folder` ("" for all).
// The rest of the repository is passed over unread, so what it holds is refused for its size alone.
Bundle bundleOfRepository(const ArchivePieces& pieces, std::string_view folder, const Cancellation& cancelled);

}  // namespace skills
