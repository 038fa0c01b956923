#include "handoffs/handoff_store.hpp"

#include <mortise/counters.hpp>
#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace session_sharing {
namespace {

namespace db = mortise::db;
namespace json = mortise::json;
using mortise::Time;

const db::Counters kCounts("sync_handoff_counts");
constexpr std::size_t kMaxPayload = std::size_t{16} << 10;

std::string inboxCountOf(std::string_view recipient) { return "inbox:" + std::string(recipient); }
std::string sentCountOf(std::string_view senderId) { return "sent:" + std::string(senderId); }

void addEvent(db::Session& session, std::string_view id, const char* type, const HandoffActor& actor, Time now,
              std::string payload = {}) {
  HandoffEvent event;
  event.handoffId = std::string(id);
  event.eventType = type;
  event.actorUserId = actor.userId;
  event.serviceKeyName = actor.serviceKeyName;
  if (payload.size() <= kMaxPayload) event.payload = std::move(payload);
  event.createdAt = now;
  db::insert(session, event);
}

struct Decision {
  std::string_view id;
  const char* type;
  HandoffActor actor;
  Time at;
  std::string payload{};
};

// The statement decides; what it changes has its event in the same transaction. False: it changed nothing.
bool decided(const mortise::Db& database, std::string_view sql, const db::Parameters& values, Decision decision) {
  return database.transaction([&](db::Session& session) {
    if (session.execute(sql, values) == 0) return false;
    addEvent(session, decision.id, decision.type, decision.actor, decision.at, decision.payload);
    return true;
  });
}

}  // namespace

void HandoffStore::add(const Handoff& handoff, const std::vector<HandoffAttachment>& attachments,
                       const HandoffActor& actor) const {
  db_.transaction([&](db::Session& session) {
    db::insert(session, handoff);
    if (!attachments.empty()) db::insertAll(session, attachments);
    // Always in this order: two that hand over to each other must not wait for each other.
    auto inbox = inboxCountOf(handoff.recipient), sent = sentCountOf(handoff.senderId);
    kCounts.add(session, inbox);
    kCounts.add(session, sent);
    addEvent(session, handoff.id, "created", actor, handoff.createdAt);
  });
}

std::optional<Handoff> HandoffStore::find(std::string_view id) const { return db::find<Handoff>(db_, id); }

std::vector<Handoff> HandoffStore::inbox(const std::vector<std::string>& inboxes, std::size_t limit) const {
  std::vector<Handoff> all;
  for (const auto& inbox : inboxes) {
    auto part = db::rows<Handoff>(db_, "WHERE recipient = :inbox ORDER BY created_at DESC, id DESC LIMIT :limit",
                                  {{"inbox", inbox}, {"limit", limit}});
    all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  }
  if (inboxes.size() > 1) {
    std::sort(all.begin(), all.end(), [](const Handoff& a, const Handoff& b) {
      return std::tie(b.createdAt, b.id) < std::tie(a.createdAt, a.id);
    });
  }
  if (all.size() > limit) all.erase(all.begin() + static_cast<std::ptrdiff_t>(limit), all.end());
  return all;
}

std::vector<Handoff> HandoffStore::sent(std::string_view senderId, std::size_t limit) const {
  return db::rows<Handoff>(db_, "WHERE sender_id = :sender ORDER BY created_at DESC, id DESC LIMIT :limit",
                           {{"sender", senderId}, {"limit", limit}});
}

std::int64_t HandoffStore::inboxCount(const std::vector<std::string>& inboxes) const {
  std::int64_t total = 0;
  for (const auto& inbox : inboxes) total += kCounts.value(db_, inboxCountOf(inbox));
  return total;
}

std::int64_t HandoffStore::sentCount(std::string_view senderId) const {
  return kCounts.value(db_, sentCountOf(senderId));
}

bool HandoffStore::claim(std::string_view id, const HandoffActor& claimer, std::string_view recipientSessionId,
                         Time now) const {
  return decided(db_,
                 "UPDATE sync_handoffs SET status = 'claimed', claimed_at = :now, claimer_id = :claimer, "
                 "recipient_session_id = :copy WHERE id = :id AND status = 'pending' AND expires_at > :now",
                 {{"now", now}, {"claimer", claimer.userId}, {"copy", recipientSessionId}, {"id", id}},
                 {id, "claimed", claimer, now, json::object({{"recipient_session_id", recipientSessionId}}).text()});
}

bool HandoffStore::revoke(std::string_view id, const HandoffActor& sender, std::string_view reason, Time now) const {
  return decided(db_,
                 "UPDATE sync_handoffs SET status = 'revoked', revoked_at = :now, revoked_by_user_id = :sender, "
                 "revoke_reason = :reason WHERE id = :id AND status = 'pending' AND expires_at > :now",
                 {{"now", now}, {"sender", sender.userId}, {"reason", reason}, {"id", id}},
                 {id, "revoked", sender, now, json::object({{"reason", reason}}).text()});
}

bool HandoffStore::decline(std::string_view id, const HandoffActor& recipient, const std::optional<std::string>& reason,
                           Time now) const {
  return decided(
      db_, "UPDATE sync_handoffs SET status = 'declined' WHERE id = :id AND status = 'pending' AND expires_at > :now",
      {{"now", now}, {"id", id}}, {id, "declined", recipient, now, json::object({{"reason", reason}}).text()});
}

bool HandoffStore::expire(std::string_view id, Time now) const {
  return decided(
      db_, "UPDATE sync_handoffs SET status = 'expired' WHERE id = :id AND status = 'pending' AND expires_at <= :now",
      {{"now", now}, {"id", id}}, {id, "expired", {}, now});
}

std::vector<std::string> HandoffStore::pendingOf(std::string_view sessionId) const {
  // `status = 'pending'` is a constant of the text, so that the partial index serves.
  return db_.query<std::string>(
      "SELECT id FROM sync_handoffs WHERE session_id = :session AND status = 'pending' ORDER BY id",
      {{"session", sessionId}});
}

void HandoffStore::expirePendingOf(std::string_view sessionId, Time now) const {
  for (const auto& id : pendingOf(sessionId))
    decided(db_, "UPDATE sync_handoffs SET status = 'expired' WHERE id = :id AND status = 'pending'", {{"id", id}},
            {id, "expired", {}, now});
}

void HandoffStore::revokePendingOf(std::string_view sessionId, std::string_view reason, Time now) const {
  for (const auto& id : pendingOf(sessionId))
    decided(db_,
            "UPDATE sync_handoffs SET status = 'revoked', revoked_at = :now, revoke_reason = :reason "
            "WHERE id = :id AND status = 'pending'",
            {{"now", now}, {"reason", reason}, {"id", id}},
            {id, "revoked", {}, now, json::object({{"reason", reason}}).text()});
}

bool HandoffStore::view(std::string_view id, const HandoffActor& recipient, Time now) const {
  return decided(db_, "UPDATE sync_handoffs SET viewed_at = :now WHERE id = :id AND viewed_at IS NULL",
                 {{"now", now}, {"id", id}}, {id, "viewed", recipient, now});
}

void HandoffStore::comment(const HandoffComment& comment, const HandoffActor& author) const {
  db_.transaction([&](db::Session& session) {
    if (db::count<HandoffComment>(session, "WHERE handoff_id = :id", {{"id", comment.handoffId}}) >= kMaxComments)
      throw mortise::Problem(409, "handoff_comments_full").with("most", kMaxComments);
    db::insert(session, comment);
    addEvent(session, comment.handoffId, "commented", author, comment.createdAt,
             json::object({{"comment_id", comment.id}}).text());
  });
}

std::vector<HandoffAttachment> HandoffStore::attachments(std::string_view id) const {
  return db::rows<HandoffAttachment>(db_, "WHERE handoff_id = :id ORDER BY position", {{"id", id}});
}

std::vector<HandoffComment> HandoffStore::comments(std::string_view id, std::size_t limit) const {
  return db::rows<HandoffComment>(db_, "WHERE handoff_id = :id ORDER BY created_at, id LIMIT :limit",
                                  {{"id", id}, {"limit", limit}});
}

std::vector<HandoffEvent> HandoffStore::events(std::string_view id, std::size_t limit) const {
  return db::rows<HandoffEvent>(db_, "WHERE handoff_id = :id ORDER BY id LIMIT :limit", {{"id", id}, {"limit", limit}});
}

}  // namespace session_sharing
