// Accounts, passwords, tokens, roles and permissions. Owns the kernel's identity tables. One object per server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/problem.hpp"
#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/cookie_sessions.hpp"
#include "core/identity/features.hpp"
#include "core/identity/orgs.hpp"
#include "core/identity/principal.hpp"

namespace mortise::identity {

struct Options {
  std::string secret;  // >= 32 bytes: signs HS256 tokens, derives every other key (HKDF-like, by purpose)
  std::string jwtAlgorithm = "HS256";   // HS256 | RS256 | ES256
  std::string jwtKeyFile;               // PEM private key for RS256 / ES256
  std::size_t argon2Memory = 64 << 20;  // bytes
  unsigned argon2Passes = 2;
  unsigned passwordConcurrency = 0;                  // 0 = cores - 1, at least 1
  std::size_t passwordQueue = 64;                    // callers that may wait; above it: unavailable, retry after
  std::chrono::seconds accessLifetime{3600};         // rotating sessions (runtime family)
  std::chrono::seconds refreshLifetime{30 * 86400};  // without use
  std::chrono::seconds refreshGrace{10};
  std::chrono::seconds statelessAccessLifetime{1800};  // agent platform
  std::chrono::seconds statelessRefreshLifetime{7 * 86400};
  std::chrono::seconds cookieLifetime{7 * 86400};  // of a signed-in cookie session without use
  bool secureCookies = false;                      // clients come by https
  std::string defaultTier = "enterprise";          // of accounts that were given none
  std::string upgradeUrl;                          // told to whoever lacks a tier
  std::string revisionFile;  // data/identity.revision: shared counter of several processes on one SQLite; empty =
                             // database is shared, no cache
};

struct User {
  std::string id, username, email, nickname, avatar, role = "user", status = "active", passwordHash;
  std::optional<std::string> bio;
  std::int64_t createdAt = 0, emailConfirmedAt = 0;
  std::int64_t tokenGeneration = 0;
  std::int64_t number = 0;  // unique, counted from 1, never used again
  std::string tier;         // as given; empty: the default. See Identity::ownTier
  std::int64_t lastLoginAt = 0;
  std::string orgId, orgRole, orgTier;  // of its membership; empty: in no organisation
};

struct NewUser {
  std::string username, email, nickname, password, passwordHash, role = "user";
  std::int64_t emailConfirmedAt = 0;
  bool uniqueFolded = false;
  std::string id;              // empty: a new one
  std::int64_t createdAt = 0;  // 0: now
  bool unnamed = false;        // may have neither name nor address; then it needs a nickname
};

struct UserChange {
  std::optional<std::string> username, nickname, avatar, bio, status, role;
  std::optional<std::string> tier;  // empty: the default
  bool clearBio = false;
  bool uniqueFolded = false;
  std::optional<std::string> passwordHash;  // a new password; revokes all sessions and tokens
  std::int64_t emailConfirmedAt = 0;        // 0: leave
  bool endKeys = false;                     // switches off every API key that runs as the user
};

enum class UserKey : std::uint8_t { id, username, usernameFolded, email };
enum class SessionKind : std::uint8_t { rotating, stateless };

struct Tokens {
  std::string accessToken, refreshToken, sessionId;
  std::int64_t expiresIn = 0;
  User user;
};

// What a request brought. Empty members were absent.
struct Credentials {
  std::string_view authorization;      // whole header value
  bool repeatedAuthorization = false;  // more than one header: refused
  std::string_view sessionCookie;
  std::string_view queryToken;
  std::string_view address;  // the client's; recorded when an API key is used
};

// Errors as Problems: 404 user_not_found, 409 username_taken / email_taken, 422 account_unnamed /
// nickname_required / unknown_tier, 401 wrong_password / invalid_token /
// token_expired / not_authenticated / invalid_refresh_token / user_inactive, 503 unavailable (retryAfter).
class Identity {
 public:
  Identity(db::Database& database, Options options);
  ~Identity();

  // Migrations of the kernel's tables (owner "kernel").
  static std::vector<db::Migration> migrations();

  // Permission defaults of all enabled modules and operator overrides: permission -> roles. admin and super_admin hold
  // every permission. [start]
  void grant(const std::map<std::string, std::vector<std::string>>& rolesByPermission);

  // [any, never blocks] The principal if it can be told without the database: no credentials at all, a malformed or
  // badly signed token (throws Problem 401), a forged cookie (nobody), or one that the cache knows. nullptr: ask
  // authenticate() on a worker.
  PrincipalPtr authenticateFast(const Credentials& credentials) const;
  // [worker] Complete check against the database. Throws Problem 401 (or 403 account_disabled for a valid token or key
  // of an inactive or banned account). A cookie without a living session of an active user is nobody.
  PrincipalPtr authenticate(const Credentials& credentials);

  // A number that differs after every change to accounts, sessions or keys, on every process that shares the SQLite;
  // none when the database is shared by several machines. [any, one atomic load]
  std::optional<std::uint64_t> revision() const;
  // [worker] Those who were let in, as they are now: with the role of today, or why they are no longer let in. For
  // requests that stay open; a few queries for all of them. The life of an access token does not count.
  struct Recheck {
    PrincipalPtr principal;        // nullptr when ended
    std::optional<Problem> ended;  // 401 or 403
  };
  std::vector<Recheck> recheck(const std::vector<PrincipalPtr>& principals);

  std::optional<User> find(UserKey by, std::string_view key);
  User create(const NewUser& user);
  User change(std::string_view id, const UserChange& change);
  std::vector<User> list(std::int64_t skip, std::int64_t limit, std::int64_t& total);
  // With its sessions, its keys and its membership. An organisation may lose its last administrator that way: an
  // account must always be removable, and the organisation goes on (whoever administers the server can help it).
  void remove(std::string_view id);
  std::int64_t countWithRole(std::string_view role);

  std::string hashPassword(std::string_view password);
  std::uint64_t passwordHashes() const;  // computed since the start, those of checks included
  // The user, or nullopt; same work either way.
  std::optional<User> checkPassword(UserKey by, std::string_view key, std::string_view password);
  void setPassword(std::string_view userId, std::string_view password);

  Tokens openSession(std::string_view userId, SessionKind kind);
  Tokens refresh(std::string_view refreshToken);
  void closeSession(std::string_view refreshToken);
  void revokeAll(std::string_view userId);

  // The account's own tier, and the one that counts: its organisation's, when it is in one. Administrators have
  // "admin".
  std::string ownTier(const User& user) const;
  std::string effectiveTier(const User& user) const;

  ApiKeys& apiKeys();
  CookieSessions& cookieSessions();
  Orgs& orgs();
  Features& features();

  // Set-up link: a one-time token (kept hashed, 24 h) with which the first administrator is made through the set-up
  // page. Empty when one exists.
  std::string makeSetupToken();
  User completeSetup(std::string_view token, const NewUser& administrator);

  // Drops expired sessions and tokens; a job. Returns rows removed.
  std::int64_t cleanUp();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::identity
