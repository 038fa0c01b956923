// The server's roles, and how those rank that act on accounts of others.
#pragma once

#include <array>
#include <string_view>

namespace mortise::inline sdk1 {

// The roles that a person can be given; a permission may name others, which no account has. super_admin holds every
// permission, service_role those of user besides its own, and every other role what the manifests give it.
inline constexpr std::array<std::string_view, 6> kRoles = {"user",  "viewer",      "guest",
                                                           "admin", "super_admin", "service_role"};

// 0 for roles that act on no account but their own, and higher for each role above. Text that is no role ranks 0. [any]
constexpr int roleRank(std::string_view role) noexcept {
  if (role == "super_admin") return 3;
  if (role == "admin") return 2;
  return role == "service_role" ? 1 : 0;
}

// May an account of role `actor` act on another account of role `target` (ban, delete, change it, mint its
// keys)? No account acts on one of an equal or a higher role. The permission for the act is another matter. [any]
constexpr bool mayActOn(std::string_view actor, std::string_view target) noexcept {
  return roleRank(target) == 0 || roleRank(actor) > roleRank(target);
}

}  // namespace mortise::inline sdk1
