#include "core/identity/authentication.hpp"

#include <limits>
#include <mutex>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/identity/roles.hpp"
#include "core/identity/standing.hpp"
#include "core/identity/store.hpp"

namespace mortise::identity {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

Problem invalidToken(const char* note) { return Problem(401, "invalid_token").note(note); }

PrincipalPtr anonymous() {
  auto principal = std::make_shared<Principal>();
  principal->permissions = std::make_shared<const std::unordered_set<std::string>>();
  return principal;
}

}  // namespace

// The token of a request, and its kind. Empty token: none.
struct Authentication::Presented {
  Credential credential = Credential::none;
  std::string_view token;
};

Authentication::Authentication(db::Database& database, const Revision& revision, const SignedTokens& tokens,
                               const Tiers& tiers, ApiKeys& apiKeys, CookieSessions& cookieSessions)
    : database_(database),
      revision_(revision),
      tokens_(tokens),
      tiers_(tiers),
      apiKeys_(apiKeys),
      cookieSessions_(cookieSessions),
      anonymous_(anonymous()) {}

Authentication::Presented Authentication::presentedBy(const Credentials& credentials) {
  if (credentials.repeatedAuthorization) {
    throw Problem(401, "not_authenticated").note("more than one authorization header");
  }
  // Another scheme, or none, counts as no credentials; only then the other places are read.
  const std::string_view header = text::trim(credentials.authorization);
  const auto blank = header.find(' ');
  if (text::equalsIgnoreCase(header.substr(0, blank), "bearer")) {
    const auto token = blank == std::string_view::npos ? std::string_view{} : text::trim(header.substr(blank + 1));
    if (token.empty()) throw invalidToken("bearer without a token");
    return {ApiKeys::looksLikeOne(token) ? Credential::key : Credential::bearer, token};
  }
  if (!credentials.sessionCookie.empty()) return {Credential::cookie, credentials.sessionCookie};
  if (!credentials.queryToken.empty()) return {Credential::query, credentials.queryToken};
  return {};
}

void Authentication::grant(const std::map<std::string, std::vector<std::string>>& rolesByPermission) {
  std::unordered_set<std::string> all;
  std::map<std::string, std::unordered_set<std::string>> byRole;
  for (const auto& [permission, roles] : rolesByPermission) {
    all.insert(permission);
    for (const std::string& role : roles) byRole[role].insert(permission);
  }
  const auto& ofUsers = byRole[std::string(kUser)];
  byRole[std::string(kServiceRole)].insert(ofUsers.begin(), ofUsers.end());
  {
    const std::unique_lock lock(permissionsMutex_);
    permissionsByRole_.clear();
    for (auto& [role, permissions] : byRole) {
      permissionsByRole_.emplace(role, std::make_shared<const std::unordered_set<std::string>>(std::move(permissions)));
    }
    allPermissions_ = std::make_shared<const std::unordered_set<std::string>>(std::move(all));
  }
  cache_.clear();
}

PrincipalPtr Authentication::fast(const Credentials& credentials) const {
  const Presented presented = presentedBy(credentials);
  if (presented.credential == Credential::none) return anonymous_;
  const std::int64_t now = nowMicros();
  if (revision_.enabled()) {
    auto cached = cache_.get(presented.credential, presented.token, revision_.current(), now);
    if (cached) return cached;
  }
  if (presented.credential == Credential::key) return nullptr;
  if (presented.credential == Credential::cookie)
    return cookieSessions_.isStored(presented.token) ? nullptr : anonymous_;
  tokens_.requireAccess(presented.token, now / kMicros);
  return nullptr;
}

PrincipalPtr Authentication::complete(const Credentials& credentials) {
  const Presented presented = presentedBy(credentials);
  if (presented.credential == Credential::none) return anonymous_;
  const std::int64_t now = nowMicros();
  const std::uint64_t revision = revision_.current();
  PrincipalPtr principal;
  switch (presented.credential) {
    case Credential::key:
      principal = principalOfKey(presented.token, credentials.address, now);
      break;
    case Credential::cookie:
      principal = principalOfCookie(presented.token, now);
      if (!principal->signedIn()) return principal;
      break;
    default:
      principal = principalOfToken(presented, now);
      break;
  }
  if (revision_.enabled()) cache_.put(presented.credential, presented.token, revision, now, principal);
  return principal;
}

std::vector<Authentication::Recheck> Authentication::recheck(const std::vector<PrincipalPtr>& principals) {
  const auto standings = standingOf(*database_.lease(db::Access::read), principals, nowMicros());
  std::vector<Recheck> checked(principals.size());
  for (std::size_t i = 0; i < principals.size(); ++i) {
    const auto& standing = standings[i];
    if (!standing.code.empty()) {
      checked[i].ended = Problem(standing.status, standing.code);
      continue;
    }
    auto now = std::make_shared<Principal>(*principals[i]);
    now->role = standing.role;
    now->permissions = permissionsOf(standing.role);
    now->keyRests = standing.keyRests;
    if (standing.expiresAt != 0) now->expiresAt = standing.expiresAt;
    checked[i].principal = std::move(now);
  }
  return checked;
}

Authentication::PermissionSet Authentication::permissionsOf(const std::string& role) const {
  const std::shared_lock lock(permissionsMutex_);
  if (role == kAdministrator) return allPermissions_;
  const auto granted = permissionsByRole_.find(role);
  return granted == permissionsByRole_.end() ? anonymous_->permissions : granted->second;
}

std::shared_ptr<Principal> Authentication::principalOf(Credential credential, const User& user) const {
  auto principal = std::make_shared<Principal>();
  principal->credential = credential;
  principal->userId = user.id;
  principal->username = user.username;
  principal->email = user.email;
  principal->role = user.role;
  principal->status = user.status;
  principal->number = user.number;
  principal->emailConfirmed = user.emailConfirmedAt != 0;
  principal->tier = tiers_.effective(user);
  principal->orgId = user.orgId;
  principal->orgRole = user.orgRole;
  principal->tokenGeneration = user.tokenGeneration;
  principal->permissions = permissionsOf(user.role);
  return principal;
}

PrincipalPtr Authentication::principalOfToken(const Presented& presented, std::int64_t now) const {
  const Claims claims = tokens_.requireAccess(presented.token, now / kMicros);
  std::optional<User> user;
  std::optional<store::SessionRow> row;
  {
    const auto connection = database_.lease(db::Access::read);
    user = store::findUser(*connection, UserKey::id, claims.subject);
    if (user && !claims.session.empty()) row = store::findSession(*connection, claims.session);
  }
  if (!user) throw invalidToken("the user is gone");
  if (user->status != "active") throw Problem(403, "account_disabled");
  if (user->tokenGeneration != claims.generation) throw invalidToken("revoked with all tokens of the user");
  if (!claims.session.empty() && (!row || row->userId != user->id || row->revokedAt != 0 || row->expiresAt <= now)) {
    throw invalidToken("the session ended");
  }
  auto principal = principalOf(presented.credential, *user);
  principal->sessionId = claims.session;
  principal->expiresAt = claims.expiresAt;
  return principal;
}

PrincipalPtr Authentication::principalOfKey(std::string_view raw, std::string_view address, std::int64_t now) {
  std::optional<ApiKey> key;
  std::optional<User> user;
  {
    const auto connection = database_.lease(db::Access::read);
    key = ApiKeys::find(*connection, raw);
    ApiKeys::requireUsable(key, now);
    user = store::findUser(*connection, UserKey::id, key->userId);
  }
  if (!user || user->status != "active") throw Problem(403, "account_disabled");
  apiKeys_.recordUse(*key, address, now);
  auto principal = principalOf(Credential::key, *user);
  principal->keyId = key->id;
  principal->kind = key->kind;
  principal->keyName = key->name;
  principal->keyOrgId = key->orgId;
  principal->keyRests = key->rests;
  if (!key->projectIds.empty()) principal->keyProjectIds = jsonList(key->projectIds);
  principal->scopes = std::make_shared<const std::unordered_set<std::string>>(key->scopes.begin(), key->scopes.end());
  principal->expiresAt = key->expiresAt != 0 ? key->expiresAt / kMicros : std::numeric_limits<std::int64_t>::max();
  return principal;
}

PrincipalPtr Authentication::principalOfCookie(std::string_view cookie, std::int64_t now) {
  std::optional<CookieSession> browser;
  std::optional<User> user;
  {
    const auto connection = database_.lease(db::Access::read);
    browser = cookieSessions_.find(*connection, cookie, now);
    if (browser) user = store::findUser(*connection, UserKey::id, browser->userId);
  }
  if (browser) cookieSessions_.recordUse(*browser, now);
  if (!user || user->status != "active") return anonymous_;
  auto principal = principalOf(Credential::cookie, *user);
  principal->sessionId = browser->id;
  principal->expiresAt = browser->expiresAt / kMicros;
  return principal;
}

}  // namespace mortise::identity
