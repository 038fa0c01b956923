#include "automation/follow_up.hpp"

#include <mortise/rows.hpp>

#include <chrono>

namespace session_sharing {
namespace {

namespace db = mortise::db;
using mortise::Time;
using mortise::Transaction;

constexpr std::chrono::minutes kClientsTurn{1};

FollowUp followUpOf(const CapturedSession& session, FollowUpKind kind, Time dueAt) {
  FollowUp out;
  out.sessionId = session.id;
  out.kind = kind;
  out.userId = session.userId;
  out.etag = session.etag;
  out.dueAt = dueAt;
  return out;
}

std::string_view nameOf(FollowUpKind kind) { return mortise::detail::nameOf(kind); }

}  // namespace

std::optional<FollowUp> FollowUpStore::find(std::string_view sessionId, FollowUpKind kind) const {
  return db::row<FollowUp>(db_, "WHERE session_id = :session AND kind = :kind",
                           {{"session", sessionId}, {"kind", nameOf(kind)}});
}

bool FollowUpStore::put(const FollowUp& followUp) const {
  return db_.execute(
             "INSERT INTO sync_follow_ups (session_id, kind, user_id, etag, state, attempts, due_at) "
             "VALUES (:session, :kind, :user, :etag, 'pending', 0, :due) "
             "ON CONFLICT (session_id, kind) DO UPDATE SET user_id = excluded.user_id, etag = excluded.etag, "
             "state = excluded.state, attempts = excluded.attempts, due_at = excluded.due_at "
             "WHERE sync_follow_ups.etag <> excluded.etag",
             {{"session", followUp.sessionId},
              {"kind", nameOf(followUp.kind)},
              {"user", followUp.userId},
              {"etag", followUp.etag},
              {"due", followUp.dueAt}}) > 0;
}

std::optional<FollowUp> FollowUpStore::firstDue(Time now, std::string_view afterUser) const {
  return db::row<FollowUp>(
      db_, "WHERE state = 'pending' AND user_id > :after AND due_at <= :now ORDER BY user_id, due_at LIMIT 1",
      {{"after", afterUser}, {"now", now}});
}

std::optional<FollowUp> FollowUpStore::take(Time now, Time leaseUntil, std::string_view afterUser) const {
  for (;;) {
    auto next = firstDue(now, afterUser);
    if (!next && !afterUser.empty()) next = firstDue(now, {});
    if (!next) return std::nullopt;
    const auto rows = db_.execute(
        "UPDATE sync_follow_ups SET due_at = :lease, attempts = attempts + 1 "
        "WHERE session_id = :session AND kind = :kind AND state = 'pending' AND etag = :etag AND due_at = :was",
        {{"lease", leaseUntil},
         {"session", next->sessionId},
         {"kind", nameOf(next->kind)},
         {"etag", next->etag},
         {"was", next->dueAt}});
    if (rows == 0) continue;  // another worker was faster
    next->dueAt = leaseUntil;
    ++next->attempts;
    return next;
  }
}

void FollowUpStore::putOff(const FollowUp& followUp, Time dueAt, std::int64_t attempts) const {
  db_.execute(
      "UPDATE sync_follow_ups SET due_at = :due, attempts = :attempts WHERE session_id = :session AND kind = :kind "
      "AND state = 'pending' AND etag = :etag AND due_at = :was",
      {{"due", dueAt},
       {"attempts", attempts},
       {"session", followUp.sessionId},
       {"kind", nameOf(followUp.kind)},
       {"etag", followUp.etag},
       {"was", followUp.dueAt}});
}

bool FollowUpStore::finish(const FollowUp& followUp) const {
  return db_.execute(
             "UPDATE sync_follow_ups SET state = 'done' WHERE session_id = :session AND kind = :kind "
             "AND state = 'pending' AND etag = :etag AND due_at = :was",
             {{"session", followUp.sessionId},
              {"kind", nameOf(followUp.kind)},
              {"etag", followUp.etag},
              {"was", followUp.dueAt}}) > 0;
}

void FollowUpStore::removeOfSession(std::string_view sessionId) const {
  db_.execute("DELETE FROM sync_follow_ups WHERE session_id = :session", {{"session", sessionId}});
}

void FollowUpQueue::pushed(const Transaction& tx, const CapturedSession& session) const {
  const auto triggers = triggers_.in(tx).of(session.userId);
  const auto now = session.uploadedAt;
  if (triggers.audit == "on_sync") store_.in(tx).put(followUpOf(session, FollowUpKind::audit, now + kClientsTurn));
  if (triggers.summarize == "on_sync") store_.in(tx).put(followUpOf(session, FollowUpKind::summary, now));
}

bool FollowUpQueue::requested(const Transaction& tx, const std::string& userId,
                              const std::vector<std::string>& sessionIds) const {
  const auto triggers = triggers_.in(tx).of(userId);
  bool isAudited = false;
  for (const auto& id : sessionIds) {
    if (triggers.audit != "on_pr" && triggers.summarize != "on_pr") break;
    const auto session = sessions_.in(tx).find(id);
    if (!session || session->userId != userId) continue;
    const auto now = mortise::now();
    if (triggers.audit == "on_pr") {
      const bool isNew = store_.in(tx).put(followUpOf(*session, FollowUpKind::audit, now));
      isAudited = isAudited || isNew;
    }
    if (triggers.summarize == "on_pr") store_.in(tx).put(followUpOf(*session, FollowUpKind::summary, now));
  }
  return isAudited;
}

void FollowUpQueue::sessionRemoved(const Transaction& tx, const CapturedSession& session) {
  store_.in(tx).removeOfSession(session.id);
}

}  // namespace session_sharing
