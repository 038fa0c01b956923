// Invites into organisations: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/slice.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

// In JSON: as the list of an organisation's invites shows it.
struct Invite {
  std::string id;  // inv_ and 16 lowercase hex digits
  std::string orgId;
  std::string email;              // normalised
  std::string role;               // admin, member
  std::string state = "pending";  // pending, accepted, declined
  std::string invitedBy;          // user
  mortise::Time createdAt;
  mortise::Time expiresAt;
  mortise::Time answeredAt;  // accepted or declined; the epoch: not yet
  std::string declineReason;
  mortise::Time lastEmailedAt;  // the epoch: never

  bool expired(mortise::Time now) const { return state == "pending" && expiresAt <= now; }

  static constexpr auto kFields = mortise::fields(
      "auth_invites", mortise::field("id", &Invite::id).key(), mortise::field("org_id", &Invite::orgId).hidden(),
      mortise::field("email", &Invite::email), mortise::field("role", &Invite::role),
      mortise::field("state", &Invite::state).hidden(), mortise::field("invited_by", &Invite::invitedBy).hidden(),
      mortise::field("created_at", &Invite::createdAt), mortise::field("expires_at", &Invite::expiresAt),
      mortise::field("answered_at", &Invite::answeredAt).hidden(),
      mortise::field("decline_reason", &Invite::declineReason).hidden(),
      mortise::field("last_emailed_at", &Invite::lastEmailedAt).hidden());
};

// Every member throws mortise::db::Error. [worker] One row for an organisation and an address; what two callers do to
// it at once is decided by conditional updates: one of them changes a row, the other none.
class InviteStore {
 public:
  explicit InviteStore(mortise::Db db) : db_(db) {}
  // The same inside a transaction.
  InviteStore in(const mortise::Transaction& tx) const { return InviteStore(db_.in(tx)); }

  // Keeps a new invite, over an answered or expired one to the same address if there is one (its created_at stays).
  // False: the address has an open invite. Whether the taker of an accepted one is still a member is the caller's to
  // know.
  bool keep(const Invite& invite) const;
  // Accepts or declines an open invite. False: it was not open any more.
  bool accept(std::string_view id, mortise::Time now) const;
  bool decline(std::string_view id, std::string_view reason, mortise::Time now) const;
  // The address has become a member: an invite that was made meanwhile is answered, too.
  void settle(std::string_view orgId, std::string_view email, mortise::Time now) const;
  // False: the organisation has no such invite.
  bool remove(std::string_view orgId, std::string_view id) const;

  // A mail goes out at `now`; and, told later, did not after all: `before` counts again.
  void mailed(std::string_view id, mortise::Time now) const;
  void notMailed(std::string_view id, mortise::Time mailedAt, mortise::Time before) const;

  std::optional<Invite> find(std::string_view id) const;
  // Open ones, newest first.
  mortise::db::Slice<Invite> openOf(std::string_view orgId, const mortise::Paging& paging, mortise::Time now) const;
  std::vector<Invite> openTo(std::string_view email, std::int64_t limit, mortise::Time now) const;

  // Drops what was answered or expired before `before`; returns how many.
  std::int64_t purge(mortise::Time before) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
