// Accounts and sessions as the unified family shows them.
#pragma once

#include <mortise/identity.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "auth_contract.hpp"

namespace auth {

// The family's word for a kernel role: it knows one kind of administrator.
std::string_view browserRole(std::string_view role);
// What a user interface may offer to a role; routes ask the permissions of their own contracts.
std::vector<std::string_view> displayPermissions(std::string_view role);

auth_contract::browser::SignedIn signedInView(const mortise::User& user, const std::string& csrfToken);
auth_contract::browser::BrowserProfile browserProfileView(const mortise::User& user);
// `user`: null when no user is signed in.
auth_contract::browser::BrowserSession browserSessionView(const mortise::User* user, const std::string& csrfToken);

}  // namespace auth
