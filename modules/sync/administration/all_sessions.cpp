#include "administration/all_sessions.hpp"

#include <mortise/where.hpp>

#include <map>
#include <utility>

#include "library/tool_family.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;

}  // namespace

db::Slice<ManagedSession> AllSessions::list(const ManagedQuery& query, const mortise::Paging& paging) const {
  std::optional<std::string> family;
  if (query.sourceTool) family = std::string(toolFamilyOf(*query.sourceTool));
  db::Where where;
  where.equals("user_id", db::ifSent(query.userId))
      .equals("is_deleted", query.isDeleted)
      .equals("tool_family", db::ifSent(family));
  return db::slice<ManagedSession>(db_, where, "created_at DESC, id DESC", paging, db::Total::known(0));
}

std::vector<ToolSum> AllSessions::sums() const {
  std::map<std::string, ToolSum> sumsByFamily;
  for (const auto& [family, isDeleted, sessions, bytes] : db_.query<std::string, bool, std::int64_t, std::int64_t>(
           "SELECT tool_family, is_deleted, CAST(SUM(sessions) AS BIGINT), CAST(SUM(bytes) AS BIGINT) "
           "FROM sync_captured_counts WHERE tag = '' GROUP BY tool_family, is_deleted")) {
    auto& sum = sumsByFamily[family];
    sum.toolFamily = family;
    if (isDeleted) {
      sum.deleted = sessions;
    } else {
      sum.sessions = sessions;
      sum.bytes = bytes;
    }
  }
  std::vector<ToolSum> out;
  for (auto& [family, sum] : sumsByFamily) out.push_back(std::move(sum));
  return out;
}

}  // namespace session_sharing
