// Checks whether a caller may use an operation: signed in where the contract demands it, with its permission, and, for
// a service key, with one of its scopes.
#pragma once

#include "core/contract/operation.hpp"
#include "core/identity/principal.hpp"

namespace mortise::kernel {

// Throws Problem 401 or 403. `principal`: null, or not signed in, for an anonymous caller. Any thread.
void checkPermission(const contract::Operation& operation, const identity::PrincipalPtr& principal);

}  // namespace mortise::kernel
