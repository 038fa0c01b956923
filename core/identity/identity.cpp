#include "core/identity/identity.hpp"

#include <algorithm>
#include <limits>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/identity/jwt.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/identity/passwords.hpp"
#include "core/identity/principal_cache.hpp"
#include "core/identity/refresh_token.hpp"
#include "core/identity/revision.hpp"
#include "core/identity/standing.hpp"
#include "core/identity/store.hpp"
#include "core/ops/log.hpp"
#include "mortise/tier.hpp"

namespace mortise::identity {
namespace {

using PermissionSet = std::shared_ptr<const std::unordered_set<std::string>>;

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::string_view kAudience = "authenticated";
constexpr std::string_view kAdministrator = "super_admin";

std::int64_t micros(std::chrono::seconds time) { return time.count() * kMicros; }

bool administers(std::string_view role) { return role == "admin" || role == kAdministrator; }

Problem notFound() { return Problem(404, "user_not_found"); }
Problem invalidToken(const char* note) { return Problem(401, "invalid_token").note(note); }
Problem invalidRefreshToken(const char* note) { return Problem(401, "invalid_refresh_token").note(note); }

// What a signed token says. Which of the two kinds it is shows in `session`.
struct Claims {
  std::string subject;
  std::string session;  // rotating only
  std::string type;     // access, refresh
  std::int64_t expiresAt = 0;
  std::int64_t generation = 0;
};

std::optional<Claims> readClaims(const std::string& text) {
  char buffer[4096];  // claims are small: no allocation for them
  json::Document::AllocatorType pool(buffer, sizeof buffer);
  json::Document document(&pool, 512);
  json::ParseError error;
  if (!json::parse(text, document, error, json::Repeated::refuse) || !document.IsObject()) return std::nullopt;
  const auto integer = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* value = json::member(document, name);
    if (!value || !value->IsInt64()) return std::nullopt;
    return value->GetInt64();
  };
  const auto expiresAt = integer("exp");
  const auto generation = integer("gen");
  Claims claims;
  claims.subject = json::textMember(document, "sub");
  claims.session = json::textMember(document, "session_id");
  claims.type = json::textMember(document, "type", "access");
  if (!expiresAt || !generation || claims.subject.empty()) return std::nullopt;
  claims.expiresAt = *expiresAt;
  claims.generation = *generation;
  if (!claims.session.empty() && (json::textMember(document, "aud") != kAudience || claims.type != "access"))
    return std::nullopt;
  if (claims.session.empty() && !json::member(document, "type")) return std::nullopt;
  return claims;
}

// The token that a request brought, and how. Empty token: none.
struct Presented {
  Credential credential = Credential::none;
  std::string_view token;
};

Presented presented(const Credentials& credentials) {
  if (credentials.repeatedAuthorization) {
    throw Problem(401, "not_authenticated").note("more than one authorization header");
  }
  // Another scheme, or none at all, counts as no credentials; the other places are looked at only then.
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

}  // namespace

struct Identity::Implementation {
  db::Database& database;
  const Options options;
  const JwtKey jwt;
  const RefreshTokens refreshTokens;
  Passwords passwords;
  Revision revision;
  mutable PrincipalCache cache;
  ApiKeys apiKeys;
  CookieSessions cookieSessions;
  Orgs orgs;
  Features features;
  const PrincipalPtr nobody = makeNobody();

  mutable std::shared_mutex permissionsMutex;
  std::map<std::string, PermissionSet, std::less<>> permissionsByRole;
  PermissionSet allPermissions = std::make_shared<const std::unordered_set<std::string>>();

  Implementation(db::Database& db, Options chosen)
      : database(db),
        options(checked(std::move(chosen))),
        jwt(options.jwtAlgorithm, options.secret, options.jwtKeyFile),
        refreshTokens(hmacSha256(options.secret, "mortise/refresh-token/v1")),
        passwords(options.argon2Memory, options.argon2Passes, options.passwordConcurrency, options.passwordQueue),
        revision(options.revisionFile),
        apiKeys(database, revision),
        cookieSessions(
            database, revision,
            {hmacSha256(options.secret, "mortise/cookie-session/v1"), options.cookieLifetime, options.secureCookies}),
        orgs(database, revision),
        features(options.upgradeUrl) {}

  static PrincipalPtr makeNobody() {
    auto nobody = std::make_shared<Principal>();
    nobody->permissions = std::make_shared<const std::unordered_set<std::string>>();
    return nobody;
  }

  static Options checked(Options options) {
    if (options.secret.size() < 32) throw std::runtime_error("the identity secret is shorter than 32 bytes");
    return options;
  }

  // A change of users or sessions: committed, then seen by every process that shares the file.
  template <typename Work>
  void change(Work&& work) {
    database.transaction(std::forward<Work>(work));
    revision.advance();
  }

  PermissionSet permissionsOf(const std::string& role) const {
    const std::shared_lock lock(permissionsMutex);
    if (administers(role)) return allPermissions;
    const auto found = permissionsByRole.find(role);
    return found == permissionsByRole.end() ? nobody->permissions : found->second;
  }

  std::string ownTier(const User& user) const {
    if (administers(user.role)) return std::string(kAdministratorTier);
    return user.tier.empty() ? options.defaultTier : user.tier;
  }
  std::string effectiveTier(const User& user) const {
    return user.orgId.empty() || administers(user.role) ? ownTier(user) : user.orgTier;
  }

  // Of both kinds: with tokens, with a cookie.
  static void revokeSessionsOf(db::Session& session, std::string_view userId) {
    const std::int64_t now = nowMicros();
    store::revokeSessionsOf(session, userId, now);
    CookieSessions::revokeOf(session, userId, now);
  }

  std::shared_ptr<Principal> principalOf(Credential credential, const User& user) const {
    auto principal = std::make_shared<Principal>();
    principal->credential = credential;
    principal->userId = user.id;
    principal->username = user.username;
    principal->email = user.email;
    principal->role = user.role;
    principal->status = user.status;
    principal->number = user.number;
    principal->emailConfirmed = user.emailConfirmedAt != 0;
    principal->tier = effectiveTier(user);
    principal->orgId = user.orgId;
    principal->orgRole = user.orgRole;
    principal->tokenGeneration = user.tokenGeneration;
    principal->permissions = permissionsOf(user.role);
    return principal;
  }

  PrincipalPtr principalOfToken(const Presented& given, std::int64_t now) const {
    const Claims claims = checkedClaims(given.token, now / kMicros);
    std::optional<User> user;
    std::optional<store::SessionRow> row;
    {
      const auto session = database.lease(db::Access::read);
      user = store::findUser(*session, UserKey::id, claims.subject);
      if (user && !claims.session.empty()) row = store::findSession(*session, claims.session);
    }
    if (!user) throw invalidToken("the user is gone");
    if (user->status != "active") throw Problem(403, "account_disabled");
    if (user->tokenGeneration != claims.generation) throw invalidToken("revoked with all tokens of the user");
    if (!claims.session.empty() && (!row || row->userId != user->id || row->revokedAt != 0 || row->expiresAt <= now)) {
      throw invalidToken("the session ended");
    }
    auto principal = principalOf(given.credential, *user);
    principal->sessionId = claims.session;
    principal->expiresAt = claims.expiresAt;
    return principal;
  }

  PrincipalPtr principalOfKey(std::string_view raw, std::string_view address, std::int64_t now) {
    std::optional<ApiKey> key;
    std::optional<User> user;
    {
      const auto session = database.lease(db::Access::read);
      key = ApiKeys::find(*session, raw);
      ApiKeys::requireUsable(key, now);
      user = store::findUser(*session, UserKey::id, key->userId);
    }
    if (!user || user->status != "active") throw Problem(403, "account_disabled");
    apiKeys.recordUse(*key, address, now);
    auto principal = principalOf(Credential::key, *user);
    principal->keyId = key->id;
    principal->kind = key->kind;
    principal->keyName = key->name;
    principal->keyOrgId = key->orgId;
    if (!key->projectIds.empty()) principal->keyProjectIds = jsonList(key->projectIds);
    principal->scopes = std::make_shared<const std::unordered_set<std::string>>(key->scopes.begin(), key->scopes.end());
    principal->expiresAt = key->expiresAt != 0 ? key->expiresAt / kMicros : std::numeric_limits<std::int64_t>::max();
    return principal;
  }

  PrincipalPtr principalOfCookie(std::string_view cookie, std::int64_t now) {
    std::optional<CookieSession> found;
    std::optional<User> user;
    {
      const auto session = database.lease(db::Access::read);
      found = cookieSessions.find(*session, cookie, now);
      if (found) user = store::findUser(*session, UserKey::id, found->userId);
    }
    if (found) cookieSessions.recordUse(*found, now);
    if (!user || user->status != "active") return nobody;
    auto principal = principalOf(Credential::cookie, *user);
    principal->sessionId = found->id;
    principal->expiresAt = found->expiresAt / kMicros;
    return principal;
  }

  // Signature, kind, time; everything that needs no database.
  Claims checkedClaims(std::string_view token, std::int64_t nowSeconds) const {
    const auto text = jwt.open(token);
    if (!text) throw invalidToken("malformed, or signed otherwise");
    auto claims = readClaims(*text);
    if (!claims) throw invalidToken("claims missing or of the wrong kind");
    if (claims->type != "access") throw invalidToken("not an access token");
    if (nowSeconds >= claims->expiresAt) throw Problem(401, "token_expired");
    return std::move(*claims);
  }

  std::string accessToken(const User& user, const std::string& sessionId, std::int64_t nowSeconds) const {
    std::string claims = "{\"sub\":" + json::quoted(user.id) + ",\"email\":" + json::quoted(user.email) +
                         ",\"role\":" + (user.role == kAdministrator ? "\"service_role\"" : "\"authenticated\"") +
                         ",\"session_id\":" + json::quoted(sessionId) + ",\"aud\":\"" + std::string(kAudience) + "\"";
    return jwt.sign(withTimes(std::move(claims), user, nowSeconds, options.accessLifetime));
  }

  std::string statelessToken(const User& user, const char* type, std::int64_t nowSeconds,
                             std::chrono::seconds life) const {
    std::string claims = "{\"sub\":" + json::quoted(user.id) + ",\"username\":" + json::quoted(user.username) +
                         ",\"role\":" + json::quoted(user.role) + ",\"type\":\"" + type +
                         "\",\"jti\":" + json::quoted(uuid4());
    return jwt.sign(withTimes(std::move(claims), user, nowSeconds, life));
  }

  static std::string withTimes(std::string claims, const User& user, std::int64_t nowSeconds,
                               std::chrono::seconds life) {
    return std::move(claims) + ",\"gen\":" + std::to_string(user.tokenGeneration) +
           ",\"iat\":" + std::to_string(nowSeconds) + ",\"exp\":" + std::to_string(nowSeconds + life.count()) + "}";
  }

  Tokens rotatingTokens(User user, const std::string& sessionId, std::int64_t generation, std::int64_t now) const {
    Tokens tokens;
    tokens.accessToken = accessToken(user, sessionId, now / kMicros);
    tokens.refreshToken = refreshTokens.make(sessionId, generation);
    tokens.sessionId = sessionId;
    tokens.expiresIn = options.accessLifetime.count();
    tokens.user = std::move(user);
    return tokens;
  }

  Tokens statelessTokens(User user, std::int64_t now) const {
    Tokens tokens;
    tokens.accessToken = statelessToken(user, "access", now / kMicros, options.statelessAccessLifetime);
    tokens.refreshToken = statelessToken(user, "refresh", now / kMicros, options.statelessRefreshLifetime);
    tokens.expiresIn = options.statelessAccessLifetime.count();
    tokens.user = std::move(user);
    return tokens;
  }

  Tokens refreshStateless(std::string_view token) {
    const auto text = jwt.open(token);
    const auto claims = text ? readClaims(*text) : std::nullopt;
    const std::int64_t now = nowMicros();
    if (!claims || claims->type != "refresh")
      throw invalidRefreshToken("malformed, signed otherwise, or of another kind");
    if (now / kMicros >= claims->expiresAt) throw invalidRefreshToken("expired");
    auto user = store::findUser(*database.lease(db::Access::read), UserKey::id, claims->subject);
    if (!user) throw invalidRefreshToken("the user is gone");
    if (user->status != "active") throw Problem(401, "user_inactive");
    if (user->tokenGeneration != claims->generation) throw invalidRefreshToken("revoked with all tokens of the user");
    return statelessTokens(std::move(*user), now);
  }

  // docs/decisions/0003: the row holds a number, the tokens follow from it.
  Tokens refreshRotating(const RefreshClaim& claim) {
    const std::int64_t now = nowMicros();
    enum class Outcome : std::uint8_t { rotated, successor, refused, reused } outcome = Outcome::refused;
    User user;
    const char* reason = "the session is gone";
    database.transaction([&](db::Session& session) {
      outcome = Outcome::refused;
      auto row = store::findSession(session, claim.sessionId);
      if (!row) return;
      auto found = store::findUser(session, UserKey::id, row->userId);
      if (!found) return;
      if (found->status != "active") throw Problem(401, "user_inactive");
      user = std::move(*found);
      if (store::rotateSession(session, claim.sessionId, claim.generation, now,
                               now + micros(options.refreshLifetime))) {
        outcome = Outcome::rotated;
        return;
      }
      row = store::findSession(session, claim.sessionId);  // as the winner of a race left it
      if (!row || row->revokedAt != 0 || row->expiresAt <= now || row->generation <= claim.generation) {
        reason = "the session ended";
        return;
      }
      if (row->generation == claim.generation + 1 && now - row->rotatedAt < micros(options.refreshGrace)) {
        outcome = Outcome::successor;
        return;
      }
      outcome = Outcome::reused;
      store::revokeSession(session, claim.sessionId, now);
    });
    if (outcome == Outcome::reused) {
      revision.advance();
      log::warning("a refresh token was used again; its session is revoked",
                   {{"session", claim.sessionId}, {"user", user.id}});
      reason = "used again";
    }
    if (outcome != Outcome::rotated && outcome != Outcome::successor) throw invalidRefreshToken(reason);
    return rotatingTokens(std::move(user), claim.sessionId, claim.generation + 1, now);
  }

  void requireFreeNames(db::Session& session, const User& user, bool folded) const {
    if (!user.username.empty() && store::otherHasUsername(session, user.username, user.id, folded))
      throw Problem(409, "username_taken");
    if (!user.email.empty() && store::otherHasEmail(session, user.email, user.id)) throw Problem(409, "email_taken");
  }

  User insert(db::Session& session, const NewUser& fresh, const std::string& passwordHash,
              std::string_view role) const {
    if (fresh.username.empty() && text::trim(fresh.email).empty()) {
      if (!fresh.unnamed) throw Problem(422, "account_unnamed");
      if (text::trim(fresh.nickname).empty()) throw Problem(422, "nickname_required");
    }
    User user;
    user.id = fresh.id.empty() ? uuid4() : fresh.id;
    user.username = fresh.username;
    user.email = text::lower(text::trim(fresh.email));
    user.nickname = fresh.nickname;
    user.role = role;
    user.passwordHash = passwordHash;
    user.createdAt = fresh.createdAt != 0 ? fresh.createdAt : nowMicros();
    user.emailConfirmedAt = fresh.emailConfirmedAt;
    store::lockUsers(session);
    requireFreeNames(session, user, fresh.uniqueFolded);
    user.number = store::nextUserNumber(session);
    store::insertUser(session, user);
    return user;
  }
};

Identity::Identity(db::Database& database, Options options)
    : implementation_(std::make_unique<Implementation>(database, std::move(options))) {}

Identity::~Identity() = default;

std::vector<db::Migration> Identity::migrations() { return kernelMigrations(); }

void Identity::grant(const std::map<std::string, std::vector<std::string>>& rolesByPermission) {
  std::unordered_set<std::string> all;
  std::map<std::string, std::unordered_set<std::string>> byRole;
  for (const auto& [permission, roles] : rolesByPermission) {
    all.insert(permission);
    for (const std::string& role : roles) byRole[role].insert(permission);
  }
  {
    const std::unique_lock lock(implementation_->permissionsMutex);
    implementation_->permissionsByRole.clear();
    for (auto& [role, permissions] : byRole) {
      implementation_->permissionsByRole.emplace(
          role, std::make_shared<const std::unordered_set<std::string>>(std::move(permissions)));
    }
    implementation_->allPermissions = std::make_shared<const std::unordered_set<std::string>>(std::move(all));
  }
  implementation_->cache.clear();
}

PrincipalPtr Identity::authenticateFast(const Credentials& credentials) const {
  const Presented given = presented(credentials);
  if (given.credential == Credential::none) return implementation_->nobody;
  const std::int64_t now = nowMicros();
  if (implementation_->revision.enabled()) {
    auto known = implementation_->cache.get(given.credential, given.token, implementation_->revision.current(), now);
    if (known) return known;
  }
  if (given.credential == Credential::key) return nullptr;
  if (given.credential == Credential::cookie)
    return implementation_->cookieSessions.read(given.token) ? nullptr : implementation_->nobody;
  implementation_->checkedClaims(given.token, now / kMicros);
  return nullptr;
}

PrincipalPtr Identity::authenticate(const Credentials& credentials) {
  const Presented given = presented(credentials);
  if (given.credential == Credential::none) return implementation_->nobody;
  const std::int64_t now = nowMicros();
  const std::uint64_t revision = implementation_->revision.current();
  PrincipalPtr principal;
  switch (given.credential) {
    case Credential::key:
      principal = implementation_->principalOfKey(given.token, credentials.address, now);
      break;
    case Credential::cookie:
      principal = implementation_->principalOfCookie(given.token, now);
      if (!principal->signedIn()) return principal;
      break;
    default:
      principal = implementation_->principalOfToken(given, now);
      break;
  }
  if (implementation_->revision.enabled())
    implementation_->cache.put(given.credential, given.token, revision, now, principal);
  return principal;
}

std::optional<std::uint64_t> Identity::revision() const {
  if (!implementation_->revision.enabled()) return std::nullopt;
  return implementation_->revision.current();
}

std::vector<Identity::Recheck> Identity::recheck(const std::vector<PrincipalPtr>& principals) {
  const auto standings = standingOf(*implementation_->database.lease(db::Access::read), principals, nowMicros());
  std::vector<Recheck> checked(principals.size());
  for (std::size_t i = 0; i < principals.size(); ++i) {
    const auto& standing = standings[i];
    if (!standing.code.empty()) {
      checked[i].ended = Problem(standing.status, standing.code);
      continue;
    }
    auto now = std::make_shared<Principal>(*principals[i]);
    now->role = standing.role;
    now->permissions = implementation_->permissionsOf(standing.role);
    if (standing.expiresAt != 0) now->expiresAt = standing.expiresAt;
    checked[i].principal = std::move(now);
  }
  return checked;
}

std::optional<User> Identity::find(UserKey by, std::string_view key) {
  return store::findUser(*implementation_->database.lease(db::Access::read), by, key);
}

User Identity::create(const NewUser& user) {
  const std::string hash =
      user.passwordHash.empty() && !user.password.empty() ? hashPassword(user.password) : user.passwordHash;
  User made;
  implementation_->change(
      [&](db::Session& session) { made = implementation_->insert(session, user, hash, user.role); });
  return made;
}

User Identity::change(std::string_view id, const UserChange& change) {
  if (change.tier && !change.tier->empty() && !isTier(*change.tier))
    throw Problem(422, "unknown_tier").note("no tier: " + *change.tier);
  User user;
  implementation_->change([&](db::Session& session) {
    store::lockUsers(session);
    auto found = store::findUser(session, UserKey::id, id);
    if (!found) throw notFound();
    user = std::move(*found);
    const bool wasActive = user.status == "active";
    if (change.username && *change.username != user.username) {
      user.username = *change.username;
      if (!user.username.empty() && store::otherHasUsername(session, user.username, user.id, change.uniqueFolded)) {
        throw Problem(409, "username_taken");
      }
    }
    if (change.nickname) user.nickname = *change.nickname;
    if (change.avatar) user.avatar = *change.avatar;
    if (change.bio) user.bio = *change.bio;
    if (change.clearBio) user.bio.reset();
    if (change.status) user.status = *change.status;
    if (change.role) user.role = *change.role;
    if (change.tier) user.tier = *change.tier;
    if (change.emailConfirmedAt != 0) user.emailConfirmedAt = change.emailConfirmedAt;
    store::updateUser(session, user);
    if (change.passwordHash) {
      user.passwordHash = *change.passwordHash;
      store::setPasswordHash(session, user.id, user.passwordHash);
    }
    if (change.endKeys) ApiKeys::deactivateOf(session, user.id);
    if (change.passwordHash || (wasActive && user.status != "active")) {
      // What was signed before a ban or a new password is void after it, too.
      store::nextTokenGeneration(session, user.id);
      implementation_->revokeSessionsOf(session, user.id);
      ++user.tokenGeneration;
    }
  });
  return user;
}

std::vector<User> Identity::list(std::int64_t skip, std::int64_t limit, std::int64_t& total) {
  const auto session = implementation_->database.lease(db::Access::read);
  total = store::countUsers(*session);
  return store::listUsers(*session, std::max<std::int64_t>(skip, 0), std::max<std::int64_t>(limit, 0));
}

void Identity::remove(std::string_view id) {
  implementation_->change([&](db::Session& session) {
    store::lockUsers(session);  // no organisation takes the user in meanwhile
    if (!store::removeUser(session, id)) throw notFound();
    CookieSessions::removeOf(session, id);
    ApiKeys::removeOf(session, id);
  });
}

std::int64_t Identity::countWithRole(std::string_view role) {
  return store::countUsersWithRole(*implementation_->database.lease(db::Access::read), role);
}

std::uint64_t Identity::passwordHashes() const { return implementation_->passwords.hashes(); }

std::string Identity::hashPassword(std::string_view password) { return implementation_->passwords.hash(password); }

std::optional<User> Identity::checkPassword(UserKey by, std::string_view key, std::string_view password) {
  auto user = find(by, key);
  if (!implementation_->passwords.check(user ? user->passwordHash : std::string{}, password)) return std::nullopt;
  if (implementation_->passwords.outdated(user->passwordHash)) {
    const std::string fresh = hashPassword(password);
    implementation_->database.transaction(
        [&](db::Session& session) { store::replacePasswordHash(session, user->id, user->passwordHash, fresh); });
    user->passwordHash = fresh;
  }
  return user;
}

void Identity::setPassword(std::string_view userId, std::string_view password) {
  const std::string hash = hashPassword(password);
  implementation_->change([&](db::Session& session) {
    if (!store::setPasswordHash(session, userId, hash)) throw notFound();
    store::nextTokenGeneration(session, userId);
    implementation_->revokeSessionsOf(session, userId);
  });
}

Tokens Identity::openSession(std::string_view userId, SessionKind kind) {
  const std::int64_t now = nowMicros();
  User user;
  store::SessionRow row;
  row.id = uuid4();
  row.userId = userId;
  row.rotatedAt = now;
  row.expiresAt = now + micros(implementation_->options.refreshLifetime);
  implementation_->database.transaction([&](db::Session& session) {
    auto found = store::findUser(session, UserKey::id, userId);
    if (!found) throw notFound();
    if (found->status != "active") throw Problem(401, "user_inactive");
    user = std::move(*found);
    user.lastLoginAt = now;
    store::recordLogin(session, user.id, now);
    if (kind == SessionKind::rotating) store::insertSession(session, row, now);
  });
  if (kind == SessionKind::stateless) return implementation_->statelessTokens(std::move(user), now);
  return implementation_->rotatingTokens(std::move(user), row.id, row.generation, now);
}

Tokens Identity::refresh(std::string_view refreshToken) {
  if (refreshToken.find('.') != std::string_view::npos) return implementation_->refreshStateless(refreshToken);
  const auto claim = implementation_->refreshTokens.read(refreshToken);
  if (!claim) throw invalidRefreshToken("not one of ours");
  return implementation_->refreshRotating(*claim);
}

void Identity::closeSession(std::string_view refreshToken) {
  const auto claim = implementation_->refreshTokens.read(refreshToken);
  if (!claim) return;  // unknown or stateless: nothing to end
  implementation_->change([&](db::Session& session) { store::revokeSession(session, claim->sessionId, nowMicros()); });
}

void Identity::revokeAll(std::string_view userId) {
  implementation_->change([&](db::Session& session) {
    if (!store::nextTokenGeneration(session, userId)) throw notFound();
    implementation_->revokeSessionsOf(session, userId);
  });
}

std::string Identity::ownTier(const User& user) const { return implementation_->ownTier(user); }

std::string Identity::effectiveTier(const User& user) const { return implementation_->effectiveTier(user); }

ApiKeys& Identity::apiKeys() { return implementation_->apiKeys; }

CookieSessions& Identity::cookieSessions() { return implementation_->cookieSessions; }

Orgs& Identity::orgs() { return implementation_->orgs; }

Features& Identity::features() { return implementation_->features; }

std::string Identity::makeSetupToken() {
  constexpr std::int64_t kLife = 86400 * kMicros;
  std::string token = text::base64Url(randomBytes(24));
  implementation_->database.transaction([&](db::Session& session) {
    if (store::countUsersWithRole(session, kAdministrator) > 0) {
      token.clear();
      return;
    }
    const std::int64_t now = nowMicros();
    store::insertSetupToken(session, text::hex(sha256(token)), now, now + kLife);
  });
  return token;
}

User Identity::completeSetup(std::string_view token, const NewUser& administrator) {
  const std::string hash = text::hex(sha256(token));
  const auto refused = [](const char* note) { return Problem(401, "invalid_token").note(note); };
  {
    // Before the hashing: nobody spends our processor with made-up tokens.
    const auto session = implementation_->database.lease(db::Access::read);
    if (!store::hasSetupToken(*session, hash, nowMicros())) throw refused("no such set-up token");
  }
  const std::string passwordHash = administrator.passwordHash.empty() && !administrator.password.empty()
                                       ? hashPassword(administrator.password)
                                       : administrator.passwordHash;
  User user;
  implementation_->change([&](db::Session& session) {
    store::lockUsers(session);
    if (store::countUsersWithRole(session, kAdministrator) > 0) throw refused("there is an administrator");
    if (!store::takeSetupToken(session, hash, nowMicros())) throw refused("the set-up token was used a moment ago");
    user = implementation_->insert(session, administrator, passwordHash, kAdministrator);
  });
  return user;
}

std::int64_t Identity::cleanUp() {
  std::int64_t removed = 0;
  implementation_->database.transaction([&](db::Session& session) {
    const std::int64_t now = nowMicros();
    // Revoked sessions stay while their access tokens could still come in: the log then says why they are refused.
    removed = store::removeDeadSessions(session, now, now - micros(implementation_->options.accessLifetime)) +
              store::removeSetupTokens(session, now) + CookieSessions::removeDead(session, now);
  });
  return removed;
}

}  // namespace mortise::identity
