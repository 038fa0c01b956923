#include "managed_views.hpp"

#include <mortise/time.hpp>

#include "../views.hpp"

namespace auth {

namespace json = mortise::json;

json::Object managedUser(const mortise::User& user) {
  const std::string lastLogin = user.lastLoginAt == 0 ? std::string() : mortise::isoTime(user.lastLoginAt);
  json::Object view;
  view.add("id", user.id)
      .add("email", textOrNull(user.email))
      .add("username", textOrNull(user.username))
      .add("display_name", textOrNull(user.nickname))
      .add("role", user.role)
      .add("tier", user.tier)
      .add("status", user.status)
      .add("is_active", user.status == "active")
      .add("email_verified", user.emailConfirmedAt != 0)
      .add("created_at", mortise::isoTime(user.createdAt))
      .add("last_login_at", textOrNull(lastLogin));
  return view;
}

json::Value managedUserDetails(const mortise::User& user, const std::optional<mortise::Org>& org,
                               const std::optional<mortise::Member>& member, std::int64_t keysInUse) {
  auto view = managedUser(user);
  view.add("api_keys_in_use", keysInUse);
  if (!org || !member) return view.add("org", nullptr);
  return view.add(
      "org", json::object({{"org_id", org->id}, {"name", org->name}, {"tier", org->tier}, {"role", member->role}}));
}

json::Value managedOrgView(const mortise::Org& org) {
  return json::object({{"org_id", org.id},
                       {"name", org.name},
                       {"slug", org.slug},
                       {"tier", org.tier},
                       {"seats_limit", org.seatsLimit},
                       {"seats_used", org.seatsUsed},
                       {"storage_limit_bytes", org.storageLimit},
                       {"created_at", mortise::isoTime(org.createdAt)}});
}

}  // namespace auth
