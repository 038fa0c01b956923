// What the kernel's roles mean here. Plain C++.
#pragma once

#include <string_view>

namespace auth {

// Holds every permission; the agent platform calls it super_admin.
inline bool isAdministrator(std::string_view role) { return role == "super_admin" || role == "admin"; }

}  // namespace auth
