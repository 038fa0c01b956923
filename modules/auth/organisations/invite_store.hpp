// Invites into organisations: SQL, and only SQL. Times are microseconds since the epoch.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

struct Invite {
  std::string id;  // inv_ and 16 lowercase hex digits
  std::string orgId;
  std::string email;  // normalised
  std::string role;   // admin, member
  std::string state = "pending";
  std::string invitedBy;  // user
  std::int64_t createdAt = 0;
  std::int64_t expiresAt = 0;
  std::int64_t answeredAt = 0;     // accepted or declined; 0: not yet
  std::int64_t lastEmailedAt = 0;  // 0: never

  bool expired(std::int64_t now) const { return state == "pending" && expiresAt <= now; }
};

// Every member throws mortise::db::Error. [worker] One row for an organisation and an address; what two callers do to
// it at once is decided by conditional updates: one of them changes a row, the other none.
class InviteStore {
 public:
  explicit InviteStore(mortise::Db db) : db_(db) {}

  // Keeps a new invite, over an answered or expired one to the same address if there is one (its created_at stays).
  // False: the address has an open invite. Whether the taker of an accepted one is still a member is the caller's to
  // know.
  bool keep(const Invite& invite, std::int64_t now) const;
  // Accepts or declines an open invite. False: it was not open any more.
  bool accept(std::string_view id, std::int64_t now) const;
  bool decline(std::string_view id, std::string_view reason, std::int64_t now) const;
  // Takes back an accept of `acceptedAt` that came to nothing.
  void reopen(std::string_view id, std::int64_t acceptedAt) const;
  // The address has become a member: an invite that was made meanwhile is answered, too.
  void settle(std::string_view orgId, std::string_view email, std::int64_t now) const;
  // False: the organisation has no such invite.
  bool remove(std::string_view orgId, std::string_view id) const;

  // A mail goes out at `now`; and, told later, did not after all: `before` counts again.
  void mailed(std::string_view id, std::int64_t now) const;
  void notMailed(std::string_view id, std::int64_t mailedAt, std::int64_t before) const;

  std::optional<Invite> find(std::string_view id) const;
  // Open ones, newest first.
  std::vector<Invite> openOf(std::string_view orgId, std::int64_t limit, std::int64_t offset, std::int64_t now) const;
  std::vector<Invite> openTo(std::string_view email, std::int64_t limit, std::int64_t now) const;

  // Drops what was answered or expired before `before`; returns how many.
  std::int64_t purge(std::int64_t before) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
