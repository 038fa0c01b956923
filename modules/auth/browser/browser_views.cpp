#include "browser_views.hpp"

#include <mortise/time.hpp>

#include <string>

#include "views.hpp"

namespace auth {

namespace contract = auth_contract::browser;

namespace {

// Clients take the name as a text; an account that has none is shown by its address.
const std::string& shownName(const mortise::User& user) { return user.username.empty() ? user.email : user.username; }

}  // namespace

std::string_view browserRole(std::string_view role) { return role == "super_admin" ? "admin" : role; }

std::vector<std::string_view> displayPermissions(std::string_view role) {
  role = browserRole(role);
  if (role == "admin") return {"read", "create", "update", "delete", "admin", "execute"};
  if (role == "user" || role == "service_role") return {"read", "create", "update", "delete", "execute"};
  if (role == "viewer" || role == "guest") return {"read"};
  return {};
}

contract::SignedIn signedInView(const mortise::User& user, const std::string& csrfToken) {
  return {.csrfToken = csrfToken,
          .user = {.id = user.number,
                   .username = shownName(user),
                   .role = std::string(browserRole(user.role)),
                   .isActive = user.status == "active"}};
}

contract::BrowserProfile browserProfileView(const mortise::User& user) {
  return {.id = user.number,
          .username = shownName(user),
          .email = mortise::orNull(user.email),
          .role = std::string(browserRole(user.role)),
          .isActive = user.status == "active",
          .createdAt = timeOrNull(user.createdAt, mortise::kIsoOffset),
          .lastLogin = timeOrNull(user.lastLoginAt, mortise::kIsoOffset)};
}

contract::BrowserSession browserSessionView(const mortise::User* user, const std::string& csrfToken) {
  contract::BrowserSession session{.authenticated = user != nullptr, .csrfToken = csrfToken};
  if (user == nullptr) return session;
  for (const auto permission : displayPermissions(user->role)) session.permissions.emplace_back(permission);
  session.user = browserProfileView(*user);
  return session;
}

}  // namespace auth
