#include "library/session_places.hpp"

#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>

namespace session_sharing {

namespace db = mortise::db;

bool SessionPlaces::hasAny(std::string_view userId, std::string_view projectId,
                           const std::vector<std::string>& remotes) const {
  constexpr std::size_t kMaxRemotes = 1000;
  auto session = db_.read();
  if (!projectId.empty() &&
      session.queryOne<std::int64_t>(
          "SELECT 1 FROM sync_captured_places WHERE user_id = :user AND project_id = :project LIMIT 1",
          {{"user", userId}, {"project", projectId}}))
    return true;
  std::vector<std::string> named;
  for (const auto& remote : remotes) {
    if (!remote.empty() && named.size() < kMaxRemotes) named.push_back(remote);
  }
  db::Where where;
  where.equals("user_id", userId).in("git_remote", named);
  return !named.empty() &&
         session
             .queryOne<std::int64_t>("SELECT 1 FROM sync_captured_places " + where.text() + " LIMIT 1",
                                     where.parameters())
             .has_value();
}

void SessionPlaces::each(std::string_view userId, std::int64_t limit,
                         const std::function<void(const std::string&, const std::string&, std::int64_t)>& use) const {
  db_.each<std::string, std::string, std::int64_t>(
      "SELECT project_id, git_remote, sessions FROM sync_captured_places WHERE user_id = :user ORDER BY sessions DESC, "
      "project_id, git_remote LIMIT :limit",
      {{"user", userId}, {"limit", limit}}, use);
}

std::vector<CapturedSession> SessionPlaces::newest(std::string_view userId, std::string_view gitRemote,
                                                   std::int64_t limit) const {
  return db::rows<CapturedSession>(db_,
                                   "WHERE user_id = :user AND git_remote = :remote AND is_deleted = 0 ORDER BY "
                                   "updated_at DESC, id DESC LIMIT :limit",
                                   {{"user", userId}, {"remote", gitRemote}, {"limit", limit}});
}

void SessionPlaces::moveProject(std::string_view from, std::string_view into) const {
  db_.execute("UPDATE sync_captured_sessions SET project_id = :into WHERE project_id = :from",
              {{"into", into.empty() ? std::nullopt : std::optional<std::string>(into)}, {"from", from}});
}

bool SessionPlaces::hasPendingHandoff(const std::vector<std::string>& projectIds, std::string_view personaName,
                                      mortise::Time now) const {
  if (projectIds.empty()) return false;
  db::Where where;
  // Senders may write the name in any case: the snapshot has it as the project does. The status is no parameter, so
  // that the databases see that the partial index holds.
  where.in("source_project_id", projectIds)
      .equals("snapshot_persona_name", personaName)
      .raw("status = 'pending' AND expires_at > :now", {{"now", now}});
  return db_.queryOne<std::int64_t>("SELECT 1 FROM sync_handoffs " + where.text() + " LIMIT 1", where.parameters())
      .has_value();
}

}  // namespace session_sharing
