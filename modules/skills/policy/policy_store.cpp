#include "policy/policy_store.hpp"

#include <mortise/rows.hpp>

namespace skills {

namespace db = mortise::db;

std::string PolicyStore::mode() const { return db::find<RiskPolicy>(db_, RiskPolicy().id).value_or(RiskPolicy()).mode; }

void PolicyStore::setMode(std::string_view mode, std::string_view userId) const {
  RiskPolicy policy;
  policy.mode = mode;
  policy.updatedAt = mortise::now();
  policy.updatedBy = userId;
  db::upsert(db_, policy);
}

}  // namespace skills
