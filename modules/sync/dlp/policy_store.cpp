#include "dlp/policy_store.hpp"

#include <mortise/rows.hpp>

#include <utility>

namespace session_sharing {
namespace db = mortise::db;

DlpPolicy PolicyStore::policyOf(std::string_view orgId) const {
  if (!orgId.empty()) {
    if (auto policy = db::find<DlpPolicy>(db_, orgId)) return std::move(*policy);
  }
  DlpPolicy policy;
  policy.orgId = orgId;
  return policy;
}

void PolicyStore::put(const DlpPolicy& policy) const { db::upsert(db_, policy); }

std::vector<std::string> PolicyStore::orgIds(std::string_view after, std::size_t limit) const {
  // The limit stands inside as well: a UNION reads all that its parts give.
  return db_.query<std::string>(
      "SELECT org_id FROM (SELECT org_id FROM sync_dlp_policies WHERE org_id > :after ORDER BY org_id LIMIT :limit) AS "
      "policies UNION SELECT org_id FROM (SELECT DISTINCT org_id FROM sync_dlp_scans WHERE org_id > :after "
      "ORDER BY org_id LIMIT :limit) AS scans ORDER BY org_id LIMIT :limit",
      {{"after", after}, {"limit", limit}});
}

void PolicyStore::remove(std::string_view orgId) const {
  db_.transaction([&](mortise::db::Session& session) {
    session.execute("DELETE FROM sync_dlp_policies WHERE org_id = :org", {{"org", orgId}});
    session.execute("DELETE FROM sync_dlp_scans WHERE org_id = :org", {{"org", orgId}});
  });
}

void PolicyStore::countScan(std::string_view orgId, std::string_view action) const {
  db_.execute(
      "INSERT INTO sync_dlp_scans (org_id, action, scans) VALUES (:org, :action, 1) "
      "ON CONFLICT (org_id, action) DO UPDATE SET scans = sync_dlp_scans.scans + 1",
      {{"org", orgId}, {"action", action}});
}

DlpStats PolicyStore::statsOf(std::string_view orgId) const {
  DlpStats stats;
  if (orgId.empty()) return stats;
  db_.each<std::string, std::int64_t>("SELECT action, scans FROM sync_dlp_scans WHERE org_id = :org ORDER BY action",
                                      {{"org", orgId}}, [&](std::string action, std::int64_t scans) {
                                        stats.scanned += scans;
                                        stats.byAction.emplace_back(std::move(action), scans);
                                      });
  return stats;
}

}  // namespace session_sharing
