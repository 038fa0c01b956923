// Checks principals of requests that stay open: are they still signed in, with which role? A few queries for many
// principals.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/db/database.hpp"
#include "core/identity/principal.hpp"

namespace mortise::identity {

struct Standing {
  std::string code;  // why the principal ended ("account_disabled", "api_key_revoked", "invalid_token"); empty: valid
  int status = 0;    // 401 or 403, when it ended
  std::string role;  // of the account now
  std::int64_t expiresAt = 0;  // seconds; of the key or cookie session now
  bool keyRests = false;       // see ApiKey::rests
};

// In the order of `principals`, all signed in. Ignores the expiry of access tokens, which limits how long a token opens
// requests, not how long these stay open.
std::vector<Standing> standingOf(db::Connection& connection, const std::vector<PrincipalPtr>& principals,
                                 std::int64_t nowMicros);

}  // namespace mortise::identity
