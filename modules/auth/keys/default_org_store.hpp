// The organisation that a user chose for new projects: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace auth {

// Every member throws mortise::db::Error. [worker]
class DefaultOrgStore {
 public:
  explicit DefaultOrgStore(mortise::Db db) : db_(db) {}

  std::optional<std::string> find(std::string_view userId) const;
  // Replaces what was chosen before; nullopt: none from now on.
  void choose(std::string_view userId, const std::optional<std::string>& orgId) const;
  // The user has left that organisation.
  void forget(std::string_view userId, std::string_view orgId) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
