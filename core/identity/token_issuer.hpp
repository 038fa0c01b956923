// Sessions with tokens: opens them, renews their tokens, ends them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/db/database.hpp"
#include "core/identity/identity_options.hpp"
#include "core/identity/refresh_token.hpp"
#include "core/identity/revision.hpp"
#include "core/identity/signed_tokens.hpp"
#include "core/identity/tokens.hpp"

namespace mortise::identity {

// Thread-safe; [worker], because everything uses the database. Problems: 404 user_not_found, 401 invalid_refresh_token
// / user_inactive.
class TokenIssuer {
 public:
  // All but `options` must outlive this object.
  TokenIssuer(db::Database& database, Revision& revision, const SignedTokens& signedTokens, const Options& options);

  Tokens open(std::string_view userId, SessionKind kind);
  // docs/decisions/0003: each refresh token of a rotating session is valid once; a second use revokes its session.
  Tokens refresh(std::string_view refreshToken);
  // An unknown or stateless token has no session to end.
  void close(std::string_view refreshToken);
  // Drops sessions that are no longer usable. Inside the caller's transaction; returns rows removed.
  std::int64_t removeDead(db::Connection& connection, std::int64_t now) const;

 private:
  struct Lifetimes {
    std::chrono::seconds access, refresh, grace, statelessAccess, statelessRefresh;
  };
  Tokens rotating(User user, const std::string& sessionId, std::int64_t generation, std::int64_t now) const;
  Tokens stateless(User user, std::int64_t now) const;
  Tokens refreshStateless(std::string_view token);
  Tokens refreshRotating(const RefreshClaim& claim);

  db::Database& database_;
  Revision& revision_;
  const SignedTokens& signed_;
  const RefreshTokens refreshTokens_;
  const Lifetimes lifetimes_;
};

}  // namespace mortise::identity
