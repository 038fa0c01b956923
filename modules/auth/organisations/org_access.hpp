// Who may do what in which organisation.
#pragma once

#include <mortise/org_role.hpp>
#include <mortise/orgs.hpp>

#include <string_view>

namespace auth {

using mortise::insufficientRole;
using mortise::requireOwnOrg;
using mortise::roleSuffices;

// The organisation that a path names. Problem 404 org_not_found; 403 insufficient_role unless the caller has that role
// in it.
mortise::Org requireOrg(const mortise::Orgs& orgs, const mortise::Principal& caller, std::string_view orgId,
                        std::string_view role);

}  // namespace auth
