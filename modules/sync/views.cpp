#include "views.hpp"

#include <mortise/time.hpp>

#include "session_list.hpp"

namespace sync_sessions {
namespace {

namespace json = mortise::json;

std::optional<std::string> isoOrNull(const std::optional<std::int64_t>& micros) {
  if (!micros) return std::nullopt;
  return mortise::isoOffset(*micros);
}

json::Object sessionObject(const Session& session) {
  json::Object object;
  object.add("id", session.id)
      .add("session_id", session.sessionId)
      .add("sync_type", session.type)
      .add("sync_category", session.category)
      .add("status", session.status)
      .add("started_at", mortise::isoOffset(session.startedAt))
      .add("completed_at", isoOrNull(session.completedAt))
      .add("total_instances", session.total)
      .add("successful_instances", session.successful)
      .add("failed_instances", session.failed)
      .add("created_by", session.createdBy)
      .add("created_at", mortise::isoOffset(session.createdAt))
      .add("updated_at", mortise::isoOffset(session.updatedAt));
  return object;
}

json::Value recordView(const Record& record) {
  return json::object({
      {"id", record.id},
      {"session_id", record.sessionId},
      {"instance_id", record.instanceId},
      {"instance_name", record.instanceName},
      {"sync_category", record.category},
      {"status", record.status},
      {"started_at", isoOrNull(record.startedAt)},
      {"completed_at", isoOrNull(record.completedAt)},
      {"items_synced", record.counters.synced},
      {"items_created", record.counters.created},
      {"items_updated", record.counters.updated},
      {"items_deleted", record.counters.deleted},
      {"error_message", record.errorMessage},
      {"sync_details", record.details ? json::raw(*record.details) : json::value(nullptr)},
      {"created_at", mortise::isoOffset(record.createdAt)},
  });
}

}  // namespace

json::Value sessionView(const Session& session) { return sessionObject(session); }

json::Value detailView(const Session& session, const std::vector<Record>& records) {
  auto object = sessionObject(session);
  object.add("instance_records", recordsView(records))
      .add("progress_percentage", progressPercentage(session.successful, session.failed, session.total));
  return object;
}

json::Value recordsView(const std::vector<Record>& records) { return json::list(records, recordView); }

}  // namespace sync_sessions
