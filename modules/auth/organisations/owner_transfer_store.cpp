#include "organisations/owner_transfer_store.hpp"

#include <utility>

namespace auth {
namespace {

using mortise::db::Session;

const std::string kColumns =
    "SELECT id, org_id, from_user_id, to_user_id, state, created_at, expires_at, updated_at FROM auth_owner_transfers ";
const std::string kFind = kColumns + "WHERE id = :id";
const std::string kOpenOf = kColumns + "WHERE org_id = :org_id AND state = 'pending' AND expires_at > :now";

std::optional<OwnerTransfer> read(const mortise::Db& db, const std::string& sql, mortise::db::Parameters parameters) {
  using T = std::string;
  using N = std::int64_t;
  std::optional<OwnerTransfer> found;
  db.each<N, T, T, T, T, N, N, N>(sql, parameters,
                                  [&](auto... column) { found = OwnerTransfer{std::move(column)...}; });
  return found;
}

}  // namespace

std::optional<OwnerTransfer> OwnerTransferStore::keep(OwnerTransfer transfer) const {
  try {
    transfer.id = db_.transaction([&](Session& session) {
      session.execute(
          "UPDATE auth_owner_transfers SET state = 'expired', updated_at = :now WHERE org_id = :org_id AND "
          "state = 'pending' AND expires_at <= :now",
          {{"now", transfer.createdAt}, {"org_id", transfer.orgId}});
      session.execute("UPDATE auth_counters SET value = value + 1 WHERE name = 'owner_transfer'");
      const auto id =
          session.queryOne<std::int64_t>("SELECT value FROM auth_counters WHERE name = 'owner_transfer'").value();
      session.execute(
          "INSERT INTO auth_owner_transfers (id, org_id, from_user_id, to_user_id, state, created_at, expires_at, "
          "updated_at) VALUES (:id, :org_id, :from_user_id, :to_user_id, 'pending', :now, :expires_at, :now)",
          {{"id", id},
           {"org_id", transfer.orgId},
           {"from_user_id", transfer.fromUserId},
           {"to_user_id", transfer.toUserId},
           {"now", transfer.createdAt},
           {"expires_at", transfer.expiresAt}});
      return id;
    });
  } catch (const mortise::db::Error& error) {
    if (error.kind() == mortise::db::Error::Kind::exists) return std::nullopt;
    throw;
  }
  transfer.updatedAt = transfer.createdAt;
  return transfer;
}

bool OwnerTransferStore::close(std::int64_t id, std::string_view state, std::int64_t now) const {
  return db_.execute(
             "UPDATE auth_owner_transfers SET state = :state, updated_at = :now WHERE id = :id AND state = 'pending' "
             "AND expires_at > :now",
             {{"state", state}, {"now", now}, {"id", id}}) > 0;
}

void OwnerTransferStore::reopen(std::int64_t id, std::int64_t acceptedAt) const {
  db_.execute(
      "UPDATE auth_owner_transfers SET state = 'pending' WHERE id = :id AND state = 'accepted' AND updated_at = "
      ":accepted_at",
      {{"id", id}, {"accepted_at", acceptedAt}});
}

std::int64_t OwnerTransferStore::cancelInvolving(std::string_view orgId, std::string_view userId,
                                                 std::int64_t now) const {
  return db_.execute(
      "UPDATE auth_owner_transfers SET state = 'cancelled', updated_at = :now WHERE org_id = :org_id AND "
      "state = 'pending' AND expires_at > :now AND (from_user_id = :user_id OR to_user_id = :user_id)",
      {{"now", now}, {"org_id", orgId}, {"user_id", userId}});
}

std::optional<OwnerTransfer> OwnerTransferStore::find(std::int64_t id) const { return read(db_, kFind, {{"id", id}}); }

std::optional<OwnerTransfer> OwnerTransferStore::openOf(std::string_view orgId, std::int64_t now) const {
  return read(db_, kOpenOf, {{"org_id", orgId}, {"now", now}});
}

std::int64_t OwnerTransferStore::purge(std::int64_t before, std::int64_t now) const {
  return db_.transaction([&](Session& session) {
    session.execute(
        "UPDATE auth_owner_transfers SET state = 'expired', updated_at = expires_at WHERE state = 'pending' AND "
        "expires_at <= :now",
        {{"now", now}});
    return session.execute("DELETE FROM auth_owner_transfers WHERE state <> 'pending' AND updated_at <= :before",
                           {{"before", before}});
  });
}

}  // namespace auth
