// Roles in an organisation, for operations that only some of its members may call. Since: SDK 1.1.
//   const auto orgId = mortise::requireOwnOrg(request.principal(), "admin");
#pragma once

#include <string>
#include <string_view>

#include "mortise/json.hpp"
#include "mortise/problem.hpp"
#include "mortise/request.hpp"

namespace mortise::inline sdk1 {

namespace detail {

inline int orgRank(std::string_view role) noexcept {
  if (role == "owner") return 3;
  if (role == "admin") return 2;
  return role == "member" ? 1 : 0;
}

}  // namespace detail

// Does `role` suffice where `required` is asked for? Roles rank owner, admin, member; no role suffices for nothing. [any]
inline bool roleSuffices(std::string_view role, std::string_view required) noexcept {
  const int rank = detail::orgRank(role);
  return rank > 0 && rank >= detail::orgRank(required);
}

// Problem 403 insufficient_role with both roles in its details; an empty `current` is told as none. [any]
inline Problem insufficientRole(std::string_view current, std::string_view required) {
  return Problem(403, "insufficient_role")
      .details(json::object(
          {{"current_role", current.empty() ? std::string_view("none") : current}, {"required_role", required}}));
}

// The id of the caller's own organisation. Problem 403 insufficient_role outside any, and in a lesser role than `role`.
// [any]
inline std::string requireOwnOrg(const Principal& caller, std::string_view role) {
  if (caller.orgId.empty() || !roleSuffices(caller.orgRole, role)) throw insufficientRole(caller.orgRole, role);
  return caller.orgId;
}

}  // namespace mortise::inline sdk1
