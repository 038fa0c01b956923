#pragma once

#include <cstdint>
#include <string>

#include "core/identity/user.hpp"

namespace mortise::identity {

// rotating: access and refresh token of a stored session; stateless: two signed tokens, nothing stored.
enum class SessionKind : std::uint8_t { rotating, stateless };

struct Tokens {
  std::string accessToken, refreshToken, sessionId;
  std::int64_t expiresIn = 0;
  User user;
};

}  // namespace mortise::identity
