// Accounts and sessions as the unified family shows them.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/json.hpp>

#include <string_view>
#include <vector>

namespace auth {

// The family's word for a kernel role: it knows one kind of administrator.
std::string_view browserRole(std::string_view role);
// What a user interface may offer to a role; routes ask the permissions of their own contracts.
std::vector<std::string_view> displayPermissions(std::string_view role);

mortise::json::Value signedInView(const mortise::User& user, std::string_view csrfToken);
mortise::json::Value browserProfileView(const mortise::User& user);
// `user`: null when nobody is signed in.
mortise::json::Value browserSessionView(const mortise::User* user, std::string_view csrfToken);

}  // namespace auth
