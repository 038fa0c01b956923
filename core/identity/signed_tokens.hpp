// Access and refresh tokens as signed claims (JWT): creating and reading them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/identity/identity_options.hpp"
#include "core/identity/jwt.hpp"
#include "core/identity/user.hpp"

namespace mortise::identity {

// The claims of a signed token. `session` is set only for one of the two kinds.
struct Claims {
  std::string subject;
  std::string session;  // rotating only
  std::string type;     // access, refresh
  std::int64_t expiresAt = 0;
  std::int64_t generation = 0;
};

// Immutable: thread-safe; never blocks.
class SignedTokens {
 public:
  // Throws std::runtime_error when the key of the options can't be used.
  explicit SignedTokens(const Options& options);

  // Of a rotating session.
  std::string access(const User& user, const std::string& sessionId, std::int64_t nowSeconds) const;
  // Of a stateless one; `type`: access, refresh.
  std::string stateless(const User& user, const char* type, std::int64_t nowSeconds, std::chrono::seconds life) const;

  // nullopt: malformed, badly signed, or with other claims.
  std::optional<Claims> read(std::string_view token) const;
  // Checks signature, kind and time; everything that needs no database. Throws Problem 401 invalid_token,
  // token_expired.
  Claims requireAccess(std::string_view token, std::int64_t nowSeconds) const;

 private:
  const JwtKey key_;
  const std::chrono::seconds accessLifetime_;
};

}  // namespace mortise::identity
