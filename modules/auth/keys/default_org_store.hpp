// The organisation that a user chose for new projects: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace auth {

struct DefaultOrg {
  std::string userId;
  std::string orgId;

  static constexpr auto kFields =
      mortise::fields("auth_default_orgs", mortise::field("user_id", &DefaultOrg::userId).key(),
                      mortise::field("org_id", &DefaultOrg::orgId));
};

// Every member throws mortise::db::Error. [worker]
class DefaultOrgStore {
 public:
  explicit DefaultOrgStore(mortise::Db db) : db_(db) {}
  // The same inside a transaction.
  DefaultOrgStore in(const mortise::Transaction& tx) const { return DefaultOrgStore(db_.in(tx)); }

  // The organisation's id.
  std::optional<std::string> find(std::string_view userId) const;
  // Replaces what was chosen before; nullopt: none from now on.
  void choose(std::string_view userId, const std::optional<std::string>& orgId) const;
  // The user has left that organisation.
  void forget(std::string_view userId, std::string_view orgId) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
