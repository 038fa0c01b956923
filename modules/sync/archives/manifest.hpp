// What manifest.json and workspace.json of an archive say about its session.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "library/captured_session.hpp"

namespace session_sharing {

// More of either file is not read: such a file counts as one that is missing.
inline constexpr std::uint64_t kMaxManifest = std::uint64_t{8} << 20;

// Fills `into` with all that the manifest (JSON) says but the title; what it does not say keeps its default. Texts
// are cut and freed from what a database does not take. Returns the title as it stands there, which may be of no use
// (smart_title.hpp); nothing when the text is no JSON object. [any]
struct ManifestTitle {
  std::string text;  // empty: it has none
};
std::optional<ManifestTitle> readManifest(std::string text, SessionMetadata& into);

// Remote, branch and commit, the remote in its one form (mortise/git_remote.hpp). [any]
void readWorkspace(std::string text, SessionMetadata& into);

}  // namespace session_sharing
