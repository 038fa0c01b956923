#include "organisations/invite_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/where.hpp>

namespace auth {
namespace {

namespace db = mortise::db;
using mortise::Time;

constexpr const char* kNewestFirst = "created_at DESC, id DESC";

constexpr const char* kKeep =
    "INSERT INTO auth_invites (id, org_id, email, role, state, invited_by, created_at, expires_at, answered_at, "
    "decline_reason, last_emailed_at) VALUES (:id, :org_id, :email, :role, 'pending', :invited_by, :now, :expires_at, "
    "0, '', 0) "
    "ON CONFLICT (org_id, email) DO UPDATE SET id = excluded.id, role = excluded.role, state = 'pending', "
    "invited_by = excluded.invited_by, expires_at = excluded.expires_at, answered_at = 0, decline_reason = '', "
    "last_emailed_at = 0 WHERE auth_invites.state <> 'pending' OR auth_invites.expires_at <= :now";

constexpr const char* kAnswer =
    "UPDATE auth_invites SET state = :state, answered_at = :now, decline_reason = :reason WHERE id = :id AND "
    "state = 'pending' AND expires_at > :now";

db::Where open(std::string_view column, std::string_view value, Time now) {
  db::Where where;
  where.equals(column, value).equals("state", "pending").greater("expires_at", now);
  return where;
}

}  // namespace

bool InviteStore::keep(const Invite& invite) const {
  return db_.execute(kKeep, {{"id", invite.id},
                             {"org_id", invite.orgId},
                             {"email", invite.email},
                             {"role", invite.role},
                             {"invited_by", invite.invitedBy},
                             {"now", invite.createdAt},
                             {"expires_at", invite.expiresAt}}) > 0;
}

bool InviteStore::accept(std::string_view id, Time now) const {
  return db_.execute(kAnswer, {{"state", "accepted"}, {"reason", ""}, {"id", id}, {"now", now}}) > 0;
}

bool InviteStore::decline(std::string_view id, std::string_view reason, Time now) const {
  return db_.execute(kAnswer, {{"state", "declined"}, {"reason", reason}, {"id", id}, {"now", now}}) > 0;
}

void InviteStore::settle(std::string_view orgId, std::string_view email, Time now) const {
  db_.execute(
      "UPDATE auth_invites SET state = 'accepted', answered_at = :now WHERE org_id = :org_id AND email = :email AND "
      "state = 'pending'",
      {{"org_id", orgId}, {"email", email}, {"now", now}});
}

bool InviteStore::remove(std::string_view orgId, std::string_view id) const {
  return db_.execute("DELETE FROM auth_invites WHERE id = :id AND org_id = :org_id", {{"id", id}, {"org_id", orgId}}) >
         0;
}

void InviteStore::mailed(std::string_view id, Time now) const {
  db_.execute("UPDATE auth_invites SET last_emailed_at = :now WHERE id = :id", {{"now", now}, {"id", id}});
}

void InviteStore::notMailed(std::string_view id, Time mailedAt, Time before) const {
  db_.execute("UPDATE auth_invites SET last_emailed_at = :before WHERE id = :id AND last_emailed_at = :mailed_at",
              {{"before", before}, {"id", id}, {"mailed_at", mailedAt}});
}

std::optional<Invite> InviteStore::find(std::string_view id) const { return db::find<Invite>(db_, id); }

db::Slice<Invite> InviteStore::openOf(std::string_view orgId, const mortise::Paging& paging, Time now) const {
  return db::slice<Invite>(db_, open("org_id", orgId, now), kNewestFirst, paging);
}

std::vector<Invite> InviteStore::openTo(std::string_view email, std::int64_t limit, Time now) const {
  return db::rows<Invite>(db_, open("email", email, now), kNewestFirst, limit);
}

std::int64_t InviteStore::purge(Time before) const {
  return db_.transaction([&](db::Session& session) {
    // An answered one has the time of its answer; a pending one has 0 there.
    return session.execute("DELETE FROM auth_invites WHERE state = 'pending' AND expires_at <= :before",
                           {{"before", before}}) +
           session.execute("DELETE FROM auth_invites WHERE answered_at > 0 AND answered_at <= :before",
                           {{"before", before}});
  });
}

}  // namespace auth
