// Administrators act on nobody of their own rank or above, in any family.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/request.hpp>

namespace auth {

// Problem 403 administrator_protected when the account is somebody else's, of the caller's rank or a higher one
// (mortise/roles.hpp).
void requireMayActOn(const mortise::Request& request, const mortise::User& user);

}  // namespace auth
