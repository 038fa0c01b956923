// The accounts and their passwords.
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
// nickname_required / unknown_tier, 503 unavailable (retryAfter).
class Accounts {
 public:
  Accounts(db::Database& database, Revision& revision, const Options& options);

  std::optional<User> find(UserKey by, std::string_view key);
  User create(const NewUser& user);
  User change(std::string_view id, const UserChange& change);
  std::vector<User> list(std::int64_t skip, std::int64_t limit, std::int64_t& total);
  // With its sessions, its keys and its membership. An organisation may lose its last administrator that way: an
  // account must always be removable, and the organisation goes on (an administrator of the server can help it).
  void remove(std::string_view id);
  std::int64_t countWithRole(std::string_view role);

  std::string hashPassword(std::string_view password);
  std::uint64_t passwordHashes() const;  // computed since the start, those of checks included
  // The user, or nullopt; same work either way.
  std::optional<User> checkPassword(UserKey by, std::string_view key, std::string_view password);
  void setPassword(std::string_view userId, std::string_view password);

  // Ends every session and voids every token of the user.
  void revokeAll(std::string_view userId);

  // A part of a wider change, inside its transaction; the caller advances the revision. `passwordHash` and `role` count,
  // not those of `account`.
  static User insert(db::Session& session, const NewUser& account, const std::string& passwordHash,
                     std::string_view role);
  // The hash that a new account brings, or that of its password; empty: no password.
  std::string passwordHashOf(const NewUser& account);

 private:
  db::Database& database_;
  Revision& revision_;
  Passwords passwords_;
};

}  // namespace mortise::identity
