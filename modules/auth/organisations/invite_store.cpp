#include "organisations/invite_store.hpp"

#include <utility>

namespace auth {
namespace {

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

const std::string kColumns =
    "SELECT id, org_id, email, role, state, invited_by, created_at, expires_at, answered_at, last_emailed_at FROM "
    "auth_invites ";
const std::string kFind = kColumns + "WHERE id = :id";
const std::string kOpenOf = kColumns +
                            "WHERE org_id = :org_id AND state = 'pending' AND expires_at > :now ORDER BY created_at "
                            "DESC, id DESC LIMIT :limit OFFSET :offset";
const std::string kOpenTo = kColumns +
                            "WHERE email = :email AND state = 'pending' AND expires_at > :now ORDER BY created_at "
                            "DESC, id DESC LIMIT :limit";

std::vector<Invite> read(const mortise::Db& db, const std::string& sql, mortise::db::Parameters parameters) {
  using T = std::string;
  using N = std::int64_t;
  std::vector<Invite> invites;
  db.each<T, T, T, T, T, T, N, N, N, N>(sql, parameters,
                                        [&](auto... column) { invites.push_back(Invite{std::move(column)...}); });
  return invites;
}

}  // namespace

bool InviteStore::keep(const Invite& invite, std::int64_t now) const {
  return db_.execute(kKeep, {{"id", invite.id},
                             {"org_id", invite.orgId},
                             {"email", invite.email},
                             {"role", invite.role},
                             {"invited_by", invite.invitedBy},
                             {"now", now},
                             {"expires_at", invite.expiresAt}}) > 0;
}

bool InviteStore::accept(std::string_view id, std::int64_t now) const {
  return db_.execute(kAnswer, {{"state", "accepted"}, {"reason", ""}, {"id", id}, {"now", now}}) > 0;
}

bool InviteStore::decline(std::string_view id, std::string_view reason, std::int64_t now) const {
  return db_.execute(kAnswer, {{"state", "declined"}, {"reason", reason}, {"id", id}, {"now", now}}) > 0;
}

void InviteStore::reopen(std::string_view id, std::int64_t acceptedAt) const {
  db_.execute(
      "UPDATE auth_invites SET state = 'pending', answered_at = 0 WHERE id = :id AND state = 'accepted' AND "
      "answered_at = :accepted_at",
      {{"id", id}, {"accepted_at", acceptedAt}});
}

void InviteStore::settle(std::string_view orgId, std::string_view email, std::int64_t now) const {
  db_.execute(
      "UPDATE auth_invites SET state = 'accepted', answered_at = :now WHERE org_id = :org_id AND email = :email AND "
      "state = 'pending'",
      {{"org_id", orgId}, {"email", email}, {"now", now}});
}

bool InviteStore::remove(std::string_view orgId, std::string_view id) const {
  return db_.execute("DELETE FROM auth_invites WHERE id = :id AND org_id = :org_id", {{"id", id}, {"org_id", orgId}}) >
         0;
}

void InviteStore::mailed(std::string_view id, std::int64_t now) const {
  db_.execute("UPDATE auth_invites SET last_emailed_at = :now WHERE id = :id", {{"now", now}, {"id", id}});
}

void InviteStore::notMailed(std::string_view id, std::int64_t mailedAt, std::int64_t before) const {
  db_.execute("UPDATE auth_invites SET last_emailed_at = :before WHERE id = :id AND last_emailed_at = :mailed_at",
              {{"before", before}, {"id", id}, {"mailed_at", mailedAt}});
}

std::optional<Invite> InviteStore::find(std::string_view id) const {
  auto found = read(db_, kFind, {{"id", id}});
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

std::vector<Invite> InviteStore::openOf(std::string_view orgId, std::int64_t limit, std::int64_t offset,
                                        std::int64_t now) const {
  return read(db_, kOpenOf, {{"org_id", orgId}, {"now", now}, {"limit", limit}, {"offset", offset}});
}

std::vector<Invite> InviteStore::openTo(std::string_view email, std::int64_t limit, std::int64_t now) const {
  return read(db_, kOpenTo, {{"email", email}, {"now", now}, {"limit", limit}});
}

std::int64_t InviteStore::purge(std::int64_t before) const {
  return db_.execute(
      "DELETE FROM auth_invites WHERE (state = 'pending' AND expires_at <= :before) OR (state <> 'pending' AND "
      "answered_at <= :before)",
      {{"before", before}});
}

}  // namespace auth
