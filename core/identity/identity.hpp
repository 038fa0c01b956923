// Everything about the accounts of a server: one object per server. Owns the kernel's identity tables. Its parts may be
// used directly; the calls of the rest of the kernel and of the modules' interface are here too.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/db/migration.hpp"
#include "core/identity/accounts.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/authentication.hpp"
#include "core/identity/cookie_sessions.hpp"
#include "core/identity/features.hpp"
#include "core/identity/identity_options.hpp"
#include "core/identity/orgs.hpp"
#include "core/identity/removed_users.hpp"
#include "core/identity/setup.hpp"
#include "core/identity/signed_tokens.hpp"
#include "core/identity/teams.hpp"
#include "core/identity/tiers.hpp"
#include "core/identity/token_issuer.hpp"

namespace mortise::identity {

// The header of each part documents threads, limits and errors of its functions.
class Identity {
 public:
  // Throws std::runtime_error for options that can't be used.
  Identity(db::Database& database, const Options& options);
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  // Migrations of the kernel's tables (owner "kernel").
  static std::vector<db::Migration> migrations();

  Accounts& accounts() { return accounts_; }
  ApiKeys& apiKeys() { return apiKeys_; }
  Authentication& authentication() { return authentication_; }
  CookieSessions& cookieSessions() { return cookieSessions_; }
  Features& features() { return features_; }
  Orgs& orgs() { return orgs_; }
  Setup& setup() { return setup_; }
  Teams& teams() { return teams_; }
  TokenIssuer& tokens() { return issuer_; }
  const Tiers& tiers() const { return tiers_; }

  // A number that changes with every change to accounts, sessions or keys, in every process that shares the SQLite
  // file; none when several machines share the database. [any, one atomic load]
  std::optional<std::uint64_t> revision() const;
  // Drops expired sessions and tokens; the work of a job. Returns rows removed. [worker]
  std::int64_t cleanUp();

  // Of Authentication.
  using Recheck = Authentication::Recheck;
  void grant(const std::map<std::string, std::vector<std::string>>& rolesByPermission) {
    authentication_.grant(rolesByPermission);
  }
  PrincipalPtr authenticateFast(const Credentials& credentials) const { return authentication_.fast(credentials); }
  PrincipalPtr authenticate(const Credentials& credentials) { return authentication_.complete(credentials); }
  std::vector<Recheck> recheck(const std::vector<PrincipalPtr>& principals) {
    return authentication_.recheck(principals);
  }

  // Of Accounts.
  std::optional<User> find(UserKey by, std::string_view key) { return accounts_.find(by, key); }
  User create(const NewUser& user) { return accounts_.create(user); }
  User change(std::string_view id, const UserChange& change) { return accounts_.change(id, change); }
  std::vector<User> list(std::int64_t skip, std::int64_t limit, std::int64_t& total) {
    return accounts_.list(skip, limit, total);
  }
  void remove(std::string_view id) { accounts_.remove(id); }
  // As of removed_users.hpp, in a transaction of their own or the joined one. [worker]
  std::vector<removed_users::RemovedUser> removedUsers(std::string_view module, std::int64_t limit);
  void acknowledgeRemovedUser(std::string_view module, std::int64_t number);
  std::int64_t countWithRole(std::string_view role) { return accounts_.countWithRole(role); }
  std::string hashPassword(std::string_view password) { return accounts_.hashPassword(password); }
  bool checkHash(const std::string& hash, std::string_view password) { return accounts_.checkHash(hash, password); }
  std::uint64_t passwordHashes() const { return accounts_.passwordHashes(); }
  std::optional<User> checkPassword(UserKey by, std::string_view key, std::string_view password) {
    return accounts_.checkPassword(by, key, password);
  }
  void setPassword(std::string_view userId, std::string_view password) { accounts_.setPassword(userId, password); }
  void revokeAll(std::string_view userId) { accounts_.revokeAll(userId); }

  // Of TokenIssuer.
  Tokens openSession(std::string_view userId, SessionKind kind) { return issuer_.open(userId, kind); }
  Tokens refresh(std::string_view refreshToken) { return issuer_.refresh(refreshToken); }
  void closeSession(std::string_view refreshToken) { issuer_.close(refreshToken); }

  // Of Tiers.
  std::string ownTier(const User& user) const { return tiers_.own(user); }
  std::string effectiveTier(const User& user) const { return tiers_.effective(user); }

  // Of Setup.
  std::string makeSetupToken() { return setup_.makeToken(); }
  User completeSetup(std::string_view token, const NewUser& administrator) {
    return setup_.complete(token, administrator);
  }

 private:
  // Each part uses only earlier ones.
  db::Database& database_;
  Revision revision_;
  const Tiers tiers_;
  const SignedTokens signedTokens_;
  ApiKeys apiKeys_;
  CookieSessions cookieSessions_;
  Orgs orgs_;
  Teams teams_;
  Features features_;
  Accounts accounts_;
  TokenIssuer issuer_;
  Setup setup_;
  Authentication authentication_;
};

}  // namespace mortise::identity
