#pragma once

#include <string_view>

namespace mortise::identity {

inline constexpr std::string_view kAdministrator = "super_admin";

// Has every permission and every tier.
inline bool administers(std::string_view role) { return role == "admin" || role == kAdministrator; }

}  // namespace mortise::identity
