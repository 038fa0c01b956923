// Pending sign-ups and the mails that went to addresses: SQL, and only SQL. Times are microseconds since the epoch.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

struct SignupRules {
  std::int64_t codeLifetime = 0;
  std::int64_t cooldown = 0;
  std::int64_t pendingLifetime = 0;
  std::int64_t codesPerHour = 0;     // to one address, that one network asks for
  std::int64_t allCodesPerHour = 0;  // to one address
  std::int64_t wrongTries = 0;
};

// One attempt to sign up. An address may have several, and each has its own user name, password and code.
struct Signup {
  std::string id;
  std::string email;
  std::string username;
  std::string passwordHash;
  std::string redirectTo;  // empty = none
  std::int64_t createdAt = 0;
  // Of the store's:
  std::string codeMac{};  // empty: the code is dead
  std::string usernameFolded{};
  std::int64_t codeExpiresAt = 0;
  std::int64_t tries = 0;
  std::int64_t claimedUntil = 0;  // while an account is made of it; 0: free
  std::int64_t expiresAt = 0;
  std::string maker{};  // MailKeys::caller of who asked for it

  static constexpr auto kFields = mortise::fields(
      "auth_signups", mortise::field("id", &Signup::id).key(), mortise::field("email", &Signup::email).fixed(),
      mortise::field("username", &Signup::username), mortise::field("username_folded", &Signup::usernameFolded),
      mortise::field("password_hash", &Signup::passwordHash).hidden(),
      mortise::field("redirect_to", &Signup::redirectTo), mortise::field("code_mac", &Signup::codeMac).hidden(),
      mortise::field("code_expires_at", &Signup::codeExpiresAt), mortise::field("tries", &Signup::tries),
      mortise::field("claimed_until", &Signup::claimedUntil), mortise::field("created_at", &Signup::createdAt).fixed(),
      mortise::field("expires_at", &Signup::expiresAt), mortise::field("maker", &Signup::maker).fixed());
};

// When mail went to an address, in all, or because one network asked for it.
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

// Under what mails are counted: keyed hashes.
struct MailKeys {
  std::string address;  // stands for the address
  std::string caller;   // for the address and the network that asks
};

// Every member throws mortise::db::Error. [worker]
class SignupStore {
 public:
  // Sign-ups that an address may have at once.
  static constexpr std::size_t kMaxAttempts = 3;

  // Makes a code for a sign-up, remembers it for the mail, and returns its MAC. Of several calls for one sign-up the
  // last one counts.
  using MakeCode = std::function<std::string(const Signup& signup)>;

  // Queues the mails for these sign-ups, as the last step of the transaction. When it throws, nothing was changed.
  using QueueMails = std::function<void(const std::vector<Signup>& signups)>;

  SignupStore(mortise::Db db, SignupRules rules) : db_(db), rules_(rules) {}
  // The same inside a transaction.
  SignupStore in(const mortise::Transaction& tx) const { return {db_.in(tx), rules_}; }

  // What became of mails that were asked for. `wait` > 0: refused, and for how many microseconds; nothing was changed.
  struct Taken {
    std::int64_t wait = 0;
    bool usernameTaken = false;   // refused: a pending sign-up of another address has the name; nothing was changed
    std::vector<Signup> signups;  // what to mail codes for; empty: the address has none
  };

  // How long the caller has to wait for the next mail to an address, in microseconds.
  std::int64_t waitFor(const MailKeys& keys, std::int64_t now) const;
  // Does a pending sign-up of another address hold this name (folded)?
  bool usernameHeld(std::string_view folded, std::string_view email, std::int64_t now) const;
  // Counts a mail and keeps the sign-up, in one transaction. It leaves the address's other ones alone as long as they
  // are fewer than kMaxAttempts; else the first of these goes: one whose code has expired, the oldest that the same
  // network asked for, the oldest of the network that asked for most. So a network that asks again and again replaces
  // its own. With `hasAccount` it only counts, and `queueMails` gets none.
  Taken keep(const Signup& signup, std::string_view folded, const MailKeys& keys, bool hasAccount,
             const MakeCode& makeCode, std::int64_t now, const QueueMails& queueMails = {}) const;
  // Counts a mail and gives the address's sign-ups new codes, in one transaction: those whose code has not expired; if
  // it has with all, all of them.
  Taken renew(std::string_view email, const MailKeys& keys, const MakeCode& makeCode, std::int64_t now,
              const QueueMails& queueMails = {}) const;
  // Takes a counted mail back; `takenAt`: the `now` it was counted with.
  void releaseMail(const MailKeys& keys, std::int64_t takenAt) const;

  // Spends one try on each live code of the address. The sign-up whose code_mac `fits` is claimed for the caller, who
  // then calls finish or release, and nothing is spent; of two callers with the right code one gets it. As much is
  // written when there is nothing to try.
  std::optional<Signup> claim(std::string_view email, std::string_view addressKey,
                              const std::function<bool(const std::string&)>& fits, std::int64_t now) const;
  // The sign-up became an account, or never can: all of its address end.
  void finish(const Signup& signup) const;
  // The claim comes to nothing: the code is good again.
  void release(const Signup& signup) const;

  // The address's newest.
  std::optional<Signup> find(std::string_view email, std::int64_t now) const;
  // Drops expired sign-ups and send records without meaning; returns how many sign-ups.
  std::int64_t purge(std::int64_t now) const;

 private:
  // Counts one mail under a key; false: too early or too many.
  bool take(mortise::db::Session& session, std::string_view key, std::int64_t cooldown, std::int64_t most,
            std::int64_t now) const;
  // The same under both keys; 0: counted, else how long to wait.
  std::int64_t takeBoth(mortise::db::Session& session, const MailKeys& keys, std::int64_t now) const;
  std::int64_t waitFor(mortise::db::Session& session, const MailKeys& keys, std::int64_t now) const;
  // Gives the sign-up a code that no other of `others` has.
  void giveCode(Signup& signup, const std::vector<Signup>& others, const MakeCode& makeCode, std::int64_t now) const;

  mortise::Db db_;
  SignupRules rules_;
};

}  // namespace auth
