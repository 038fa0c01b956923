// Pending sign-ups and the mails that went to addresses: SQL, and only SQL. Times are microseconds since the epoch.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

struct SignupRules {
  std::int64_t codeLifetime = 0;
  std::int64_t cooldown = 0;
  std::int64_t pendingLifetime = 0;
  std::int64_t codesPerHour = 0;
  std::int64_t wrongTries = 0;
};

struct Signup {
  std::string id;
  std::string email;
  std::string username;
  std::string passwordHash;
  std::string redirectTo;  // empty = none
  std::string codeMac;     // empty: the code is dead
  std::int64_t createdAt = 0;
  // Of the store's:
  std::string usernameFolded{};
  std::int64_t codeExpiresAt = 0;
  std::int64_t tries = 0;
  std::int64_t claimedUntil = 0;  // while an account is made of it; 0: free
  std::int64_t expiresAt = 0;

  static constexpr auto kFields = mortise::fields(
      "auth_signups", mortise::field("id", &Signup::id).fixed(), mortise::field("email", &Signup::email).key(),
      mortise::field("username", &Signup::username), mortise::field("username_folded", &Signup::usernameFolded),
      mortise::field("password_hash", &Signup::passwordHash), mortise::field("redirect_to", &Signup::redirectTo),
      mortise::field("code_mac", &Signup::codeMac), mortise::field("code_expires_at", &Signup::codeExpiresAt),
      mortise::field("tries", &Signup::tries), mortise::field("claimed_until", &Signup::claimedUntil),
      mortise::field("created_at", &Signup::createdAt).fixed(), mortise::field("expires_at", &Signup::expiresAt));
};

// When mail went to an address.
struct AddressMails {
  std::string addressKey;
  std::int64_t lastSentAt = 0;
  std::int64_t windowStartedAt = 0;
  std::int64_t windowCount = 0;

  static constexpr auto kFields =
      mortise::fields("auth_sends", mortise::field("address_key", &AddressMails::addressKey).key(),
                      mortise::field("last_sent_at", &AddressMails::lastSentAt),
                      mortise::field("window_started_at", &AddressMails::windowStartedAt),
                      mortise::field("window_count", &AddressMails::windowCount));
};

// Every member throws mortise::db::Error. [worker]
class SignupStore {
 public:
  SignupStore(mortise::Db db, SignupRules rules) : db_(db), rules_(rules) {}
  // The same inside a transaction.
  SignupStore in(const mortise::Transaction& tx) const { return {db_.in(tx), rules_}; }

  // What became of one mail that was asked for. `wait` > 0: refused, and for how many microseconds; nothing was
  // changed.
  struct Taken {
    std::int64_t wait = 0;
    bool usernameTaken = false;    // refused: another pending sign-up holds the name; nothing was changed
    std::optional<Signup> signup;  // what to mail the code for; empty: the address has none
  };

  // How long an address has to wait for its next mail, in microseconds. `addressKey` stands for the address.
  std::int64_t waitFor(std::string_view addressKey, std::int64_t now) const;
  // Does a pending sign-up of another address hold this name (folded)?
  bool usernameHeld(std::string_view folded, std::string_view email, std::int64_t now) const;
  // Counts a mail and keeps the sign-up, replacing the address's pending one, in one transaction. With `hasAccount` it
  // only counts.
  Taken keep(const Signup& signup, std::string_view folded, std::string_view addressKey, bool hasAccount,
             std::int64_t now) const;
  // Counts a mail and gives the address's pending sign-up, if any, a new code, in one transaction.
  Taken renew(std::string_view email, std::string_view codeMac, std::string_view addressKey, std::int64_t now) const;
  // Takes a counted mail back; `takenAt`: the `now` it was counted with.
  void giveBack(std::string_view addressKey, std::int64_t takenAt) const;

  // Spends one try on the address's live code. When `fits(stored code_mac)` the sign-up is claimed for the caller, who
  // then calls finish or release; of two callers with the right code one gets it. As much is written when there is
  // nothing to try.
  std::optional<Signup> claim(std::string_view email, const std::function<bool(const std::string&)>& fits,
                              std::int64_t now) const;
  // The sign-up became an account, or never can.
  void finish(const Signup& signup) const;
  // The claim comes to nothing: the code is good again.
  void release(const Signup& signup) const;

  std::optional<Signup> find(std::string_view email, std::int64_t now) const;
  // Drops expired sign-ups and send records without meaning; returns how many sign-ups.
  std::int64_t purge(std::int64_t now) const;

 private:
  // Counts one mail; false: too early or too many.
  bool take(mortise::db::Session& session, std::string_view addressKey, std::int64_t now) const;
  std::int64_t waitFor(mortise::db::Session& session, std::string_view addressKey, std::int64_t now) const;

  mortise::Db db_;
  SignupRules rules_;
};

}  // namespace auth
