#include "keys/unproved_store.hpp"

#include <mortise/rows.hpp>

namespace auth {

namespace db = mortise::db;

void UnprovedStore::add(std::string_view userId) const { db::upsert(db_, UnprovedAccount{std::string(userId), 0}); }

void UnprovedStore::mailed(std::string_view userId, std::int64_t mailedAt) const {
  db_.execute("UPDATE auth_unproved_accounts SET mailed_at = :mailed_at WHERE user_id = :user_id",
              {{"mailed_at", mailedAt}, {"user_id", std::string(userId)}});
}

void UnprovedStore::forget(std::string_view userId) const { db::remove<UnprovedAccount>(db_, userId); }

bool UnprovedStore::has(std::string_view userId) const { return db::find<UnprovedAccount>(db_, userId).has_value(); }

std::vector<UnprovedAccount> UnprovedStore::mailedBefore(std::int64_t before, std::int64_t most) const {
  return db::rows<UnprovedAccount>(
      db_, "WHERE mailed_at > 0 AND mailed_at <= :before ORDER BY mailed_at, user_id LIMIT :most",
      {{"before", before}, {"most", most}});
}

}  // namespace auth
