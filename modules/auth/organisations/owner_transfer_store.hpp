// Offers of an organisation's ownership: SQL, and only SQL. Times are microseconds since the epoch.
#pragma once

#include <mortise/db.hpp>

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
  std::int64_t createdAt = 0;
  std::int64_t expiresAt = 0;
  std::int64_t updatedAt = 0;

  bool open(std::int64_t now) const { return state == "pending" && expiresAt > now; }
};

// Every member throws mortise::db::Error. [worker] An organisation has at most one open offer; the database decides
// between two callers.
class OwnerTransferStore {
 public:
  explicit OwnerTransferStore(mortise::Db db) : db_(db) {}

  // Keeps a new offer and numbers it. Empty: there is an open one.
  std::optional<OwnerTransfer> keep(OwnerTransfer transfer) const;
  // Ends an open offer. False: it was not open any more.
  bool close(std::int64_t id, std::string_view state, std::int64_t now) const;
  // Takes back an accept of `acceptedAt` that came to nothing.
  void reopen(std::int64_t id, std::int64_t acceptedAt) const;
  // Cancels the open offers that a user made or was made; returns how many.
  std::int64_t cancelInvolving(std::string_view orgId, std::string_view userId, std::int64_t now) const;

  std::optional<OwnerTransfer> find(std::int64_t id) const;
  std::optional<OwnerTransfer> openOf(std::string_view orgId, std::int64_t now) const;

  // Marks expired offers, and drops those that ended before `before`; returns how many it dropped.
  std::int64_t purge(std::int64_t before, std::int64_t now) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
