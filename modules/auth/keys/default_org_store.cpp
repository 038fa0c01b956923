#include "keys/default_org_store.hpp"

namespace auth {

std::optional<std::string> DefaultOrgStore::find(std::string_view userId) const {
  return db_.queryOne<std::string>("SELECT org_id FROM auth_default_orgs WHERE user_id = :user", {{"user", userId}});
}

void DefaultOrgStore::choose(std::string_view userId, const std::optional<std::string>& orgId) const {
  if (!orgId) {
    db_.execute("DELETE FROM auth_default_orgs WHERE user_id = :user", {{"user", userId}});
    return;
  }
  db_.execute(
      "INSERT INTO auth_default_orgs (user_id, org_id) VALUES (:user, :org) "
      "ON CONFLICT (user_id) DO UPDATE SET org_id = excluded.org_id",
      {{"user", userId}, {"org", *orgId}});
}

void DefaultOrgStore::forget(std::string_view userId, std::string_view orgId) const {
  db_.execute("DELETE FROM auth_default_orgs WHERE user_id = :user AND org_id = :org",
              {{"user", userId}, {"org", orgId}});
}

}  // namespace auth
