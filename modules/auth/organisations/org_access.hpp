// Who may do what in which organisation.
#pragma once

#include <mortise/orgs.hpp>
#include <mortise/problem.hpp>
#include <mortise/request.hpp>

#include <string>
#include <string_view>

namespace auth {

// Does `role` suffice where `required` is asked for? Roles rank owner, admin, member; no role suffices for nothing.
bool suffices(std::string_view role, std::string_view required);

// 403 insufficient_role; an empty `current` is told as none.
mortise::Problem insufficientRole(std::string_view current, std::string_view required);

// The id of the caller's own organisation. Problem 403 insufficient_role outside any, and in a lesser role.
std::string requireOwnOrg(const mortise::Principal& caller, std::string_view role);

// The organisation that a path names. Problem 404 org_not_found; 403 insufficient_role unless the caller has that role
// in it.
mortise::Org requireOrg(const mortise::Orgs& orgs, const mortise::Principal& caller, std::string_view orgId,
                        std::string_view role);

}  // namespace auth
