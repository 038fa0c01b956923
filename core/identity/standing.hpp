// Whether those who were let in some time ago still are who they were: for requests that stay open. A few queries for
// many principals at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/db/database.hpp"
#include "core/identity/principal.hpp"

namespace mortise::identity {

struct Standing {
  std::string
      code;        // why the principal ended ("account_disabled", "api_key_revoked", "invalid_token"); empty: it stands
  int status = 0;  // 401 or 403, when it ended
  std::string role;            // of the account now
  std::int64_t expiresAt = 0;  // seconds; of the key or cookie session now
};

// In the order of `principals`. The life of an access token does not count here: it says how long a token opens things,
// not how long they stay open. Only signed-in ones may be asked for.
std::vector<Standing> standingOf(db::Session& session, const std::vector<PrincipalPtr>& principals,
                                 std::int64_t nowMicros);

}  // namespace mortise::identity
