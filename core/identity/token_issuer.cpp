#include "core/identity/token_issuer.hpp"

#include <optional>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/identity/committed_change.hpp"
#include "core/identity/store.hpp"
#include "core/ops/log.hpp"

namespace mortise::identity {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

std::int64_t micros(std::chrono::seconds time) { return time.count() * kMicros; }

Problem invalidRefreshToken(const char* note) { return Problem(401, "invalid_refresh_token").note(note); }

}  // namespace

TokenIssuer::TokenIssuer(db::Database& database, Revision& revision, const SignedTokens& signedTokens,
                         const Options& options)
    : database_(database),
      revision_(revision),
      signed_(signedTokens),
      refreshTokens_(hmacSha256(options.secret, "mortise/refresh-token/v1")),
      lifetimes_{options.accessLifetime, options.refreshLifetime, options.refreshGrace, options.statelessAccessLifetime,
                 options.statelessRefreshLifetime} {}

Tokens TokenIssuer::open(std::string_view userId, SessionKind kind) {
  const std::int64_t now = nowMicros();
  User user;
  store::SessionRow row;
  row.id = uuid4();
  row.userId = userId;
  row.rotatedAt = now;
  row.expiresAt = now + micros(lifetimes_.refresh);
  database_.transaction([&](db::Connection& connection) {
    auto owner = store::findUser(connection, UserKey::id, userId);
    if (!owner) throw Problem(404, "user_not_found");
    if (owner->status != "active") throw Problem(401, "user_inactive");
    user = std::move(*owner);
    user.lastLoginAt = now;
    store::recordLogin(connection, user.id, now);
    if (kind == SessionKind::rotating) store::insertSession(connection, row, now);
  });
  if (kind == SessionKind::stateless) return stateless(std::move(user), now);
  return rotating(std::move(user), row.id, row.generation, now);
}

Tokens TokenIssuer::refresh(std::string_view refreshToken) {
  if (refreshToken.find('.') != std::string_view::npos) return refreshStateless(refreshToken);
  const auto claim = refreshTokens_.read(refreshToken);
  if (!claim) throw invalidRefreshToken("not one of ours");
  return refreshRotating(*claim);
}

void TokenIssuer::close(std::string_view refreshToken) {
  const auto claim = refreshTokens_.read(refreshToken);
  if (!claim) return;  // unknown or stateless: no session to end
  commitChange(database_, revision_,
               [&](db::Connection& connection) { store::revokeSession(connection, claim->sessionId, nowMicros()); });
}

std::int64_t TokenIssuer::removeDead(db::Connection& connection, std::int64_t now) const {
  // Revoked sessions are kept while their access tokens are still unexpired, so that the log can say why they are
  // refused.
  return store::removeDeadSessions(connection, now, now - micros(lifetimes_.access));
}

Tokens TokenIssuer::rotating(User user, const std::string& sessionId, std::int64_t generation, std::int64_t now) const {
  Tokens tokens;
  tokens.accessToken = signed_.access(user, sessionId, now / kMicros);
  tokens.refreshToken = refreshTokens_.make(sessionId, generation);
  tokens.sessionId = sessionId;
  tokens.expiresIn = lifetimes_.access.count();
  tokens.user = std::move(user);
  return tokens;
}

Tokens TokenIssuer::stateless(User user, std::int64_t now) const {
  Tokens tokens;
  tokens.accessToken = signed_.stateless(user, "access", now / kMicros, lifetimes_.statelessAccess);
  tokens.refreshToken = signed_.stateless(user, "refresh", now / kMicros, lifetimes_.statelessRefresh);
  tokens.expiresIn = lifetimes_.statelessAccess.count();
  tokens.user = std::move(user);
  return tokens;
}

Tokens TokenIssuer::refreshStateless(std::string_view token) {
  const auto claims = signed_.read(token);
  const std::int64_t now = nowMicros();
  if (!claims || claims->type != "refresh")
    throw invalidRefreshToken("malformed, signed otherwise, or of another kind");
  if (now / kMicros >= claims->expiresAt) throw invalidRefreshToken("expired");
  auto user = store::findUser(*database_.lease(db::Access::read), UserKey::id, claims->subject);
  if (!user) throw invalidRefreshToken("the user is gone");
  if (user->status != "active") throw Problem(401, "user_inactive");
  if (user->tokenGeneration != claims->generation) throw invalidRefreshToken("revoked with all tokens of the user");
  return stateless(std::move(*user), now);
}

// docs/decisions/0003: the row stores a number, the tokens are derived from it.
Tokens TokenIssuer::refreshRotating(const RefreshClaim& claim) {
  const std::int64_t now = nowMicros();
  enum class Outcome : std::uint8_t { rotated, successor, refused, reused } outcome = Outcome::refused;
  User user;
  const char* reason = "the session is gone";
  database_.transaction([&](db::Connection& connection) {
    outcome = Outcome::refused;
    auto row = store::findSession(connection, claim.sessionId);
    if (!row) return;
    auto owner = store::findUser(connection, UserKey::id, row->userId);
    if (!owner) return;
    if (owner->status != "active") throw Problem(401, "user_inactive");
    user = std::move(*owner);
    if (store::rotateSession(connection, claim.sessionId, claim.generation, now, now + micros(lifetimes_.refresh))) {
      outcome = Outcome::rotated;
      return;
    }
    row = store::findSession(connection, claim.sessionId);  // as the winner of the race left it
    if (!row || row->revokedAt != 0 || row->expiresAt <= now || row->generation <= claim.generation) {
      reason = "the session ended";
      return;
    }
    if (row->generation == claim.generation + 1 && now - row->rotatedAt < micros(lifetimes_.grace)) {
      outcome = Outcome::successor;
      return;
    }
    outcome = Outcome::reused;
    store::revokeSession(connection, claim.sessionId, now);
  });
  if (outcome == Outcome::reused) {
    revision_.advance();
    log::warning("a refresh token was used again; its session is revoked",
                 {{"session", claim.sessionId}, {"user", user.id}});
    reason = "used again";
  }
  if (outcome != Outcome::rotated && outcome != Outcome::successor) throw invalidRefreshToken(reason);
  return rotating(std::move(user), claim.sessionId, claim.generation + 1, now);
}

}  // namespace mortise::identity
