#include "core/kernel/permission_check.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/identity/identity.hpp"

namespace mortise::kernel {
namespace {

// Deny by default: a service key is admitted only where the contract lists one of its scopes.
void requireScope(const contract::Operation& operation, const identity::Principal& principal) {
  if (operation.scopes.empty()) {
    throw Problem(403, "service_key_not_allowed")
        .detailsJson("{\"service_key_name\":" + json::quoted(principal.keyName) + "}");
  }
  const auto held = [&](const std::string& scope) { return principal.scopes && principal.scopes->contains(scope); };
  if (std::any_of(operation.scopes.begin(), operation.scopes.end(), held)) return;
  std::vector<std::string> required = operation.scopes;
  std::vector<std::string> current;
  if (principal.scopes) current.assign(principal.scopes->begin(), principal.scopes->end());
  std::sort(required.begin(), required.end());
  std::sort(current.begin(), current.end());
  throw Problem(403, "insufficient_scope")
      .detailsJson("{\"required\":" + identity::jsonList(required) + ",\"current\":" + identity::jsonList(current) +
                   "}");
}

}  // namespace

void checkPermission(const contract::Operation& operation, const identity::PrincipalPtr& principal) {
  if (operation.security.anonymous) return;
  const bool signedIn = principal && principal->signedIn();
  if (signedIn && principal->isServiceKey()) {
    if (principal->keyRests) throw Problem(403, "service_key_rests");
    requireScope(operation, *principal);
  }
  if (operation.permission.empty() || operation.permission == "authenticated") return;
  if (!signedIn) {
    if (operation.security.optional) return;
    throw Problem(401, "not_authenticated");
  }
  // A service key never exceeds the account that it runs as.
  if (!principal->accountPermitted(operation.permission))
    throw Problem(403, "forbidden").with("permission", operation.permission);
}

}  // namespace mortise::kernel
