#pragma once

#include <string_view>

namespace mortise::identity {

// Holds every permission, whatever the manifests say.
inline constexpr std::string_view kAdministrator = "super_admin";
// Holds what kUser holds, besides what the manifests give it.
inline constexpr std::string_view kServiceRole = "service_role";
inline constexpr std::string_view kUser = "user";

// Has every tier. No statement about permissions: admin holds those that the manifests give it.
inline bool administers(std::string_view role) { return role == "admin" || role == kAdministrator; }

}  // namespace mortise::identity
