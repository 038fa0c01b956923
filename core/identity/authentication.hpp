// Finds the principal of a request from its credentials.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/base/problem.hpp"
#include "core/db/database.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/cookie_sessions.hpp"
#include "core/identity/credentials.hpp"
#include "core/identity/principal.hpp"
#include "core/identity/principal_cache.hpp"
#include "core/identity/revision.hpp"
#include "core/identity/signed_tokens.hpp"
#include "core/identity/tiers.hpp"
#include "core/identity/user.hpp"

namespace mortise::identity {

// Thread-safe. Problems: 401 not_authenticated / invalid_token / token_expired, 403 account_disabled.
class Authentication {
 public:
  // All must outlive this object.
  Authentication(db::Database& database, const Revision& revision, const SignedTokens& tokens, const Tiers& tiers,
                 ApiKeys& apiKeys, CookieSessions& cookieSessions);

  // Permission defaults of all enabled modules and operator overrides: permission -> roles. super_admin holds every
  // permission, service_role also those of user, every other role those that name it. [start]
  void grant(const std::map<std::string, std::vector<std::string>>& rolesByPermission);

  // [any, never blocks] The principal where that needs no database: no credentials, a malformed or badly signed token
  // (throws Problem 401), a forged cookie (anonymous), or a cached principal. nullptr: call complete() on a worker.
  PrincipalPtr fast(const Credentials& credentials) const;
  // [worker] Complete check against the database. Throws Problem 401 (or 403 account_disabled for a valid token or key
  // of an inactive or banned account). A cookie without a valid session of an active user is anonymous.
  PrincipalPtr complete(const Credentials& credentials);

  // [worker] The present principals of requests that stay open: with their present role, or why they ended. A few
  // queries for all of them. Ignores the expiry of access tokens.
  struct Recheck {
    PrincipalPtr principal;        // nullptr when ended
    std::optional<Problem> ended;  // 401 or 403
  };
  std::vector<Recheck> recheck(const std::vector<PrincipalPtr>& principals);

 private:
  using PermissionSet = std::shared_ptr<const std::unordered_set<std::string>>;
  struct Presented;

  PermissionSet permissionsOf(const std::string& role) const;
  std::shared_ptr<Principal> principalOf(Credential credential, const User& user) const;
  PrincipalPtr principalOfToken(const Presented& presented, std::int64_t now) const;
  PrincipalPtr principalOfKey(std::string_view raw, std::string_view address, std::int64_t now);
  PrincipalPtr principalOfCookie(std::string_view cookie, std::int64_t now);
  static Presented presentedBy(const Credentials& credentials);

  db::Database& database_;
  const Revision& revision_;
  const SignedTokens& tokens_;
  const Tiers& tiers_;
  ApiKeys& apiKeys_;
  CookieSessions& cookieSessions_;
  const PrincipalPtr anonymous_;
  PrincipalCache cache_;
  mutable std::shared_mutex permissionsMutex_;
  std::map<std::string, PermissionSet, std::less<>> permissionsByRole_;
  PermissionSet allPermissions_ = std::make_shared<const std::unordered_set<std::string>>();
};

}  // namespace mortise::identity
