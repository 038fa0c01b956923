// Offers of an organisation's ownership: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

struct OwnerTransfer {
  std::int64_t id = 0;
  std::string orgId;
  std::string fromUserId;
  std::string toUserId;
  std::string state = "pending";  // pending, accepted, cancelled, expired
  mortise::Time createdAt;
  mortise::Time expiresAt;
  mortise::Time updatedAt;

  bool open(mortise::Time now) const { return state == "pending" && expiresAt > now; }

  static constexpr auto kFields = mortise::fields(
      "auth_owner_transfers", mortise::field("id", &OwnerTransfer::id).key(),
      mortise::field("org_id", &OwnerTransfer::orgId), mortise::field("from_user_id", &OwnerTransfer::fromUserId),
      mortise::field("to_user_id", &OwnerTransfer::toUserId), mortise::field("state", &OwnerTransfer::state),
      mortise::field("created_at", &OwnerTransfer::createdAt), mortise::field("expires_at", &OwnerTransfer::expiresAt),
      mortise::field("updated_at", &OwnerTransfer::updatedAt));
};

// Every member throws mortise::db::Error. [worker] An organisation has at most one open offer; the database decides
// between two callers.
class OwnerTransferStore {
 public:
  explicit OwnerTransferStore(mortise::Db db) : db_(db) {}
  // The same inside a transaction.
  OwnerTransferStore in(const mortise::Transaction& tx) const { return OwnerTransferStore(db_.in(tx)); }

  // Keeps a new offer and numbers it. Empty: there is an open one.
  std::optional<OwnerTransfer> keep(OwnerTransfer transfer) const;
  // Ends an open offer. False: it was not open any more.
  bool close(std::int64_t id, std::string_view state, mortise::Time now) const;
  // Cancels the open offers that a user made or was made; returns how many.
  std::int64_t cancelInvolving(std::string_view orgId, std::string_view userId, mortise::Time now) const;

  std::optional<OwnerTransfer> find(std::int64_t id) const;
  std::optional<OwnerTransfer> openOf(std::string_view orgId, mortise::Time now) const;

  // Marks expired offers, and drops those that ended before `before`; returns how many it dropped.
  std::int64_t purge(mortise::Time before, mortise::Time now) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
