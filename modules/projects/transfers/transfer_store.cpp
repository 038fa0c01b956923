#include "transfers/transfer_store.hpp"

#include <mortise/rows.hpp>

namespace projects {

namespace db = mortise::db;

std::optional<Transfer> TransferStore::find(std::string_view id) const { return db::find<Transfer>(db_, id); }

std::optional<Transfer> TransferStore::pendingOf(std::string_view projectId) const {
  return db::row<Transfer>(db_, "WHERE project_id = :project AND state = 'pending'", {{"project", projectId}});
}

std::vector<Transfer> TransferStore::list(std::string_view column, std::string_view userId,
                                          const std::optional<TransferState>& state, mortise::Time now,
                                          std::int64_t limit) const {
  // What people are told counts: a pending one whose time is over is expired.
  std::string text = "WHERE ";
  text.append(column).append(" = :user");
  if (state)
    text.append(" AND (CASE WHEN state = 'pending' AND expires_at <= :now THEN 'expired' ELSE state END) = :state");
  text.append(" ORDER BY created_at DESC, id DESC LIMIT :limit");
  if (!state) return db::rows<Transfer>(db_, text, {{"user", userId}, {"limit", limit}});
  return db::rows<Transfer>(db_, text, {{"user", userId}, {"now", now}, {"state", *state}, {"limit", limit}});
}

std::vector<Transfer> TransferStore::incoming(std::string_view userId, const std::optional<TransferState>& state,
                                              mortise::Time now, std::int64_t limit) const {
  return list("target_user_id", userId, state, now, limit);
}

std::vector<Transfer> TransferStore::outgoing(std::string_view userId, const std::optional<TransferState>& state,
                                              mortise::Time now, std::int64_t limit) const {
  return list("initiated_by", userId, state, now, limit);
}

bool TransferStore::add(const Transfer& transfer) const {
  try {
    db_.transaction([&](db::Session& session) {
      session.execute(
          "UPDATE projects_transfers SET state = 'expired', updated_at = :at WHERE project_id = :project AND state = "
          "'pending' AND expires_at <= :at",
          {{"at", transfer.createdAt}, {"project", transfer.projectId}});
      db::insert(session, transfer);
    });
    return true;
  } catch (const db::Error& error) {
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

bool TransferStore::accept(std::string_view id, std::string_view userId, mortise::Time at) const {
  return db_.execute(
             "UPDATE projects_transfers SET state = 'accepted', accepted_by = :user, accepted_at = :at, updated_at = "
             ":at WHERE id = :id AND state = 'pending' AND (expires_at IS NULL OR expires_at > :at)",
             {{"user", userId}, {"at", at}, {"id", id}}) == 1;
}

bool TransferStore::end(std::string_view id, TransferState state, mortise::Time at) const {
  return db_.execute(
             "UPDATE projects_transfers SET state = :state, updated_at = :at WHERE id = :id AND state = 'pending' AND "
             "(expires_at IS NULL OR expires_at > :at)",
             {{"state", state}, {"at", at}, {"id", id}}) == 1;
}

bool TransferStore::reject(std::string_view id, mortise::Time at) const { return end(id, TransferState::rejected, at); }

bool TransferStore::cancel(std::string_view id, mortise::Time at) const {
  return end(id, TransferState::cancelled, at);
}

std::vector<std::string> TransferStore::cancelOf(std::string_view projectId, mortise::Time at) const {
  auto session = db_.write();
  return session.query<std::string>(
      "UPDATE projects_transfers SET state = 'cancelled', updated_at = :at WHERE project_id = :project AND state = "
      "'pending' RETURNING id",
      {{"at", at}, {"project", projectId}});
}

std::int64_t TransferStore::cancelInvolving(std::string_view orgId, std::string_view userId, mortise::Time at) const {
  // Two statements, each along an index of its own; one that the first has ended is not counted by the second.
  std::int64_t count = 0;
  for (const auto* text :
       {"UPDATE projects_transfers SET state = 'cancelled', updated_at = :at WHERE state = 'pending' AND initiated_by "
        "= "
        ":user AND :org IN (to_scope, from_scope) AND (expires_at IS NULL OR expires_at > :at)",
        "UPDATE projects_transfers SET state = 'cancelled', updated_at = :at WHERE state = 'pending' AND "
        "target_user_id = :user AND :org IN (to_scope, from_scope) AND (expires_at IS NULL OR expires_at > "
        ":at)"})
    count += db_.execute(text, {{"at", at}, {"org", orgId}, {"user", userId}});
  return count;
}

void TransferStore::cancelInto(std::string_view orgId, mortise::Time at) const {
  db_.execute(
      "UPDATE projects_transfers SET state = 'cancelled', updated_at = :at WHERE state = 'pending' AND to_scope = :org",
      {{"at", at}, {"org", orgId}});
}

void TransferStore::cancelOfUser(std::string_view userId, mortise::Time at) const {
  for (
      const auto* text :
      {"UPDATE projects_transfers SET state = 'cancelled', updated_at = :at WHERE state = 'pending' AND initiated_by = "
       ":user",
       "UPDATE projects_transfers SET state = 'cancelled', updated_at = :at WHERE state = 'pending' AND target_user_id "
       "= :user"})
    db_.execute(text, {{"at", at}, {"user", userId}});
}

void TransferStore::projectRemoved(std::string_view projectId, mortise::Time at) const {
  cancelOf(projectId, at);
  db_.execute("UPDATE projects_transfers SET project_id = NULL, updated_at = :at WHERE project_id = :project",
              {{"at", at}, {"project", projectId}});
}

std::int64_t TransferStore::moveProject(std::string_view from, std::string_view into) const {
  return db_.execute("UPDATE projects_transfers SET project_id = :into WHERE project_id = :from",
                     {{"into", into}, {"from", from}});
}

}  // namespace projects
