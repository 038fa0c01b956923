#include "browser_views.hpp"

#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace auth {
namespace {

namespace json = mortise::json;

std::optional<std::string> timeOrNull(std::int64_t microseconds) {
  return microseconds == 0 ? std::nullopt : std::optional(mortise::isoOffset(microseconds));
}

// Clients take the name as a text; an account that has none is shown by its address.
const std::string& shownName(const mortise::User& user) { return user.username.empty() ? user.email : user.username; }

}  // namespace

std::string_view browserRole(std::string_view role) { return role == "super_admin" ? "admin" : role; }

std::vector<std::string_view> displayPermissions(std::string_view role) {
  role = browserRole(role);
  if (role == "admin") return {"read", "create", "update", "delete", "admin", "execute"};
  if (role == "user") return {"read", "create", "update", "delete", "execute"};
  if (role == "viewer" || role == "guest") return {"read"};
  return {};
}

json::Value signedInView(const mortise::User& user, std::string_view csrfToken) {
  return json::object({{"auth_model", "session"},
                       {"csrf_token", csrfToken},
                       {"user", json::object({{"id", user.number},
                                              {"username", shownName(user)},
                                              {"role", browserRole(user.role)},
                                              {"is_active", user.status == "active"}})}});
}

json::Value browserProfileView(const mortise::User& user) {
  return json::object({{"id", user.number},
                       {"username", shownName(user)},
                       {"email", user.email.empty() ? std::nullopt : std::optional(user.email)},
                       {"role", browserRole(user.role)},
                       {"is_active", user.status == "active"},
                       {"created_at", timeOrNull(user.createdAt)},
                       {"last_login", timeOrNull(user.lastLoginAt)}});
}

json::Value browserSessionView(const mortise::User* user, std::string_view csrfToken) {
  json::List permissions;
  if (user != nullptr) {
    for (const auto permission : displayPermissions(user->role)) permissions.add(permission);
  }
  return json::object({{"authenticated", user != nullptr},
                       {"auth_model", "session"},
                       {"csrf_token", csrfToken},
                       {"permissions", permissions.build()},
                       {"user", user == nullptr ? std::nullopt : std::optional(browserProfileView(*user))}});
}

}  // namespace auth
