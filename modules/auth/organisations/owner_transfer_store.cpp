#include "organisations/owner_transfer_store.hpp"

#include <mortise/counters.hpp>
#include <mortise/rows.hpp>

namespace auth {

namespace db = mortise::db;
using mortise::Time;

namespace {

// Numbers given out, so that a deleted one is not used again.
const db::Counters kNumbers("auth_counters");

}  // namespace

std::optional<OwnerTransfer> OwnerTransferStore::keep(OwnerTransfer transfer) const {
  transfer.updatedAt = transfer.createdAt;
  try {
    db_.transaction([&](db::Session& session) {
      session.execute(
          "UPDATE auth_owner_transfers SET state = 'expired', updated_at = :now WHERE org_id = :org_id AND "
          "state = 'pending' AND expires_at <= :now",
          {{"now", transfer.createdAt}, {"org_id", transfer.orgId}});
      transfer.id = kNumbers.add(session, "owner_transfer");
      db::insert(session, transfer);
    });
  } catch (const db::Error& error) {
    if (error.kind() == db::Error::Kind::exists) return std::nullopt;
    throw;
  }
  return transfer;
}

bool OwnerTransferStore::close(std::int64_t id, std::string_view state, Time now) const {
  return db_.execute(
             "UPDATE auth_owner_transfers SET state = :state, updated_at = :now WHERE id = :id AND state = 'pending' "
             "AND expires_at > :now",
             {{"state", state}, {"now", now}, {"id", id}}) > 0;
}

std::int64_t OwnerTransferStore::cancelInvolving(std::string_view orgId, std::string_view userId, Time now) const {
  return db_.execute(
      "UPDATE auth_owner_transfers SET state = 'cancelled', updated_at = :now WHERE org_id = :org_id AND "
      "state = 'pending' AND expires_at > :now AND (from_user_id = :user_id OR to_user_id = :user_id)",
      {{"now", now}, {"org_id", orgId}, {"user_id", userId}});
}

std::optional<OwnerTransfer> OwnerTransferStore::find(std::int64_t id) const {
  return db::find<OwnerTransfer>(db_, id);
}

std::optional<OwnerTransfer> OwnerTransferStore::openOf(std::string_view orgId, Time now) const {
  return db::row<OwnerTransfer>(db_, "WHERE org_id = :org_id AND state = 'pending' AND expires_at > :now",
                                {{"org_id", orgId}, {"now", now}});
}

std::int64_t OwnerTransferStore::purge(Time before, Time now) const {
  return db_.transaction([&](db::Session& session) {
    session.execute(
        "UPDATE auth_owner_transfers SET state = 'expired', updated_at = expires_at WHERE state = 'pending' AND "
        "expires_at <= :now",
        {{"now", now}});
    return session.execute("DELETE FROM auth_owner_transfers WHERE updated_at <= :before AND state <> 'pending'",
                           {{"before", before}});
  });
}

}  // namespace auth
