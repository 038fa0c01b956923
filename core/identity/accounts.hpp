// User accounts and their passwords.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/identity/identity_options.hpp"
#include "core/identity/passwords.hpp"
#include "core/identity/revision.hpp"
#include "core/identity/user.hpp"

namespace mortise::identity {

// Thread-safe; [worker]. Problems: 404 user_not_found, 409 username_taken / email_taken, 422 account_unnamed /
// nickname_required / username_invalid / unknown_tier, 503 unavailable (retryAfter).
class Accounts {
 public:
  Accounts(db::Database& database, Revision& revision, const Options& options);

  std::optional<User> find(UserKey by, std::string_view key);
  User create(const NewUser& user);
  User change(std::string_view id, const UserChange& change);
  std::vector<User> list(std::int64_t skip, std::int64_t limit, std::int64_t& total);
  // Removes the account with its sessions, keys and membership. An organisation may lose its last administrator that
  // way: an account must always be removable, and the organisation remains (an administrator of the server can help
  // it).
  void remove(std::string_view id);
  std::int64_t countWithRole(std::string_view role);

  std::string hashPassword(std::string_view password);
  // Of a password that is no account's.
  bool checkHash(const std::string& hash, std::string_view password);
  std::uint64_t passwordHashes() const;  // computed since the start, including checks
  // The user, or nullopt; takes the same time either way.
  std::optional<User> checkPassword(UserKey by, std::string_view key, std::string_view password);
  void setPassword(std::string_view userId, std::string_view password);

  // Ends every session and voids every token of the user.
  void revokeAll(std::string_view userId);

  // Part of a wider change, inside its transaction; the caller advances the revision. `passwordHash` and `role` apply,
  // not those of `account`.
  static User insert(db::Connection& connection, const NewUser& account, const std::string& passwordHash,
                     std::string_view role);
  // The hash of a new account: the given one, or that of its password; empty: no password.
  std::string passwordHashOf(const NewUser& account);

 private:
  db::Database& database_;
  Revision& revision_;
  Passwords passwords_;
};

}  // namespace mortise::identity
