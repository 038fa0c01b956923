#include "library/reindex.hpp"

#include <mortise/problem.hpp>

#include <exception>
#include <utility>

#include "archives/archive_contents.hpp"
#include "archives/message_lines.hpp"
#include "archives/without_secrets.hpp"
#include "projects/project_link.hpp"

namespace session_sharing {
namespace {

using mortise::Transaction;

constexpr std::size_t kPage = 100;
constexpr std::string_view kUnknownTool = "unknown";

// What was given beside the archive, or changed by hand, stays where the archive says nothing.
void keepWhatIsNotSaid(SessionMetadata& now, const SessionMetadata& before) {
  if (now.sourceTool == kUnknownTool) now.sourceTool = before.sourceTool;
  if (!now.title) now.title = before.title;
  if (now.tags.empty()) now.tags = before.tags;
}

}  // namespace

Reindex::Reindex(mortise::Host host, const ProjectLookup& projects, const TierLimits& limits)
    : log_(host.log()),
      db_(host.db()),
      blobs_(host.blobs()),
      projects_(projects),
      limits_(limits),
      store_(host.db()),
      searchIndex_(host.db()) {}

bool Reindex::reindex(const CapturedSession& session, std::string_view tier,
                      const std::function<void()>& cancelled) const {
  const auto file = openArchive(blobs_, session);
  auto contents = readContents(bytesOf(file), limits_.reading(tier), withoutSecrets, cancelled);
  auto now = session;
  now.metadata = std::move(contents.metadata);
  keepWhatIsNotSaid(now.metadata, session.metadata);
  linkToProject(now, projects_);
  const bool isChanged = now.metadata != session.metadata || now.projectId != session.projectId;
  const auto entry = searchIndex_.entry(now, contents.searchText);
  return db_.transaction([&](Transaction& tx) {
    // A push that came meanwhile has read its own archive.
    if (!store_.in(tx).replaceIf(now, {.etag = session.etag, .isDeleted = false})) return false;
    searchIndex_.in(tx).put(entry);
    return isChanged;
  });
}

Reindex::Outcome Reindex::run(std::string_view userId, std::string_view tier, std::string after,
                              const std::function<bool()>& enough, const std::function<void()>& cancelled) const {
  Outcome out;
  for (;;) {
    const auto ids = store_.idsOf(userId, after, kPage);
    for (const auto& id : ids) {
      if (enough()) {
        out.next = after;
        return out;
      }
      cancelled();
      after = id;
      const auto session = store_.find(id);
      if (!session || session->isDeleted || session->userId != userId) continue;
      try {
        const bool isChanged = reindex(*session, tier, cancelled);
        ++out.reindexed;
        out.updated += isChanged ? 1 : 0;
      } catch (const std::exception& error) {
        cancelled();  // not an error of the archive
        ++out.errors;
        log_.warning("a session can't be read again", {{"session", id}, {"reason", error.what()}});
      }
    }
    if (ids.size() < kPage) return out;
  }
}

}  // namespace session_sharing
