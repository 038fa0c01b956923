// Accounts whose address waits for a proof: SQL, and only SQL. Times are microseconds since the epoch.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

// An account made with a key whose verification link was taken into the queue of mails.
struct UnprovedAccount {
  std::string userId;
  std::int64_t mailedAt = 0;  // when the relay took the link; 0: not known to have taken it

  static constexpr auto kFields =
      mortise::fields("auth_unproved_accounts", mortise::field("user_id", &UnprovedAccount::userId).key(),
                      mortise::field("mailed_at", &UnprovedAccount::mailedAt));
};

// Every member throws mortise::db::Error. [worker]
class UnprovedStore {
 public:
  explicit UnprovedStore(mortise::Db db) : db_(db) {}
  // The same inside a transaction.
  UnprovedStore in(const mortise::Transaction& tx) const { return UnprovedStore(db_.in(tx)); }

  void add(std::string_view userId) const;
  // The relay took the link. Does nothing when the account is not among them any more.
  void mailed(std::string_view userId, std::int64_t mailedAt) const;
  // The address is proved, no mail went out, or the account is gone.
  void forget(std::string_view userId) const;
  bool has(std::string_view userId) const;
  // The oldest that were mailed at `before` or earlier; none of which that is not known.
  std::vector<UnprovedAccount> mailedBefore(std::int64_t before, std::int64_t most) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
