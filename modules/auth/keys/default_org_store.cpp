#include "keys/default_org_store.hpp"

#include <mortise/rows.hpp>

namespace auth {

namespace db = mortise::db;

std::optional<std::string> DefaultOrgStore::find(std::string_view userId) const {
  const auto chosen = db::find<DefaultOrg>(db_, userId);
  return chosen ? std::optional(chosen->orgId) : std::nullopt;
}

void DefaultOrgStore::choose(std::string_view userId, const std::optional<std::string>& orgId) const {
  if (orgId) {
    db::upsert(db_, DefaultOrg{std::string(userId), *orgId});
  } else {
    db::remove<DefaultOrg>(db_, userId);
  }
}

void DefaultOrgStore::forget(std::string_view userId, std::string_view orgId) const {
  db_.execute("DELETE FROM auth_default_orgs WHERE user_id = :user AND org_id = :org",
              {{"user", userId}, {"org", orgId}});
}

}  // namespace auth
