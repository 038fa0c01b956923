#include "archives/archive_contents.hpp"

#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "archives/manifest.hpp"
#include "archives/member_lines.hpp"
#include "archives/message_digest.hpp"
#include "archives/smart_title.hpp"

namespace session_sharing {
namespace {

// Of several files of one name the one that lies nearest to the root counts, of equals the first (withMember()).
class Nearest {
 public:
  explicit Nearest(std::string_view name) : name_(name) {}
  // True: this one counts, until a nearer one comes.
  bool takes(const ArchiveMember& member) {
    const auto depth = depthOf(member.name, name_);
    if (!depth || *depth >= best_) return false;
    best_ = *depth;
    return true;
  }

 private:
  const std::string_view name_;
  std::size_t best_ = std::numeric_limits<std::size_t>::max();
};

std::string textOf(const ArchiveMember& member, ArchiveReader& reader) {
  std::string text;
  if (member.size > kMaxManifest) return text;
  for (auto piece = reader.piece(); !piece.empty(); piece = reader.piece()) text.append(piece);
  return text;
}

}  // namespace

ArchiveContents readContents(const ArchiveBytes& bytes, const ArchiveLimits& limits,
                             const std::function<std::string(std::string_view)>& withoutSecrets,
                             const std::function<void()>& cancelled) {
  Nearest manifests("manifest.json");
  Nearest workspaces("workspace.json");
  Nearest messages("messages.jsonl");
  std::optional<ManifestTitle> title;
  SessionMetadata ofManifest;
  SessionMetadata ofWorkspace;
  MessageDigest digest;
  ArchiveReader reader(bytes, limits, cancelled);
  while (const auto* member = reader.next()) {
    if (manifests.takes(*member)) {
      ofManifest = {};
      title = readManifest(textOf(*member, reader), ofManifest);
    } else if (workspaces.takes(*member)) {
      ofWorkspace = {};
      readWorkspace(textOf(*member, reader), ofWorkspace);
    } else if (messages.takes(*member)) {
      digest = {};
      eachLine(reader, [&](MemberLine& line) {
        cancelled();
        return digest.add(line);
      });
    }
  }
  ArchiveContents contents{std::move(ofManifest), digest.takeSearchText()};
  auto& metadata = contents.metadata;
  metadata.gitRemote = std::move(ofWorkspace.gitRemote);
  metadata.gitBranch = std::move(ofWorkspace.gitBranch);
  metadata.gitCommit = std::move(ofWorkspace.gitCommit);
  if (title) metadata.title = smartTitle(title->text, digest.titleLine(), metadata.messageCount, withoutSecrets);
  return contents;
}

}  // namespace session_sharing
