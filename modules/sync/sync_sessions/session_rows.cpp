#include "sync_sessions/session_rows.hpp"

#include <mortise/rows.hpp>
#include <mortise/text.hpp>

#include <utility>

namespace sync_sessions {

namespace db = mortise::db;
using mortise::Time;

const db::Counters& numbers() {
  static const db::Counters kNumbers("sync_numbers", "name", "last");
  return kNumbers;
}

void countSessions(Connection& connection, std::string_view type, std::string_view category, std::string_view status,
                   std::int64_t by) {
  connection.execute(
      "INSERT INTO sync_session_counts (sync_type, sync_category, status, sessions) VALUES (:type, :category, :status, "
      ":by) ON CONFLICT (sync_type, sync_category, status) DO UPDATE SET sessions = sync_session_counts.sessions + "
      "excluded.sessions",
      {{"type", type}, {"category", category}, {"status", status}, {"by", by}});
}

mortise::Problem sessionNotFound() { return {404, "sync_session_not_found"}; }
mortise::Problem sessionEnded() { return {409, "sync_session_ended"}; }

LockedSession lockSession(Connection& connection, std::string_view sessionId, Time now) {
  auto row = connection.queryOne<std::string, std::string, std::int64_t, std::int64_t, std::int64_t>(
      "UPDATE sync_sessions SET updated_at = :now WHERE session_id = :session_id "
      "RETURNING status, sync_category, total_instances, successful_instances, failed_instances",
      {{"now", now}, {"session_id", sessionId}});
  if (!row) throw sessionNotFound();
  auto& [status, category, total, successful, failed] = *row;
  return {std::string(sessionId), std::move(status), std::move(category), {total, successful, failed}};
}

Outcomes outcomesOf(std::string_view recordStatus) {
  return {1, recordStatus == "completed" ? 1 : 0, recordStatus == "failed" ? 1 : 0};
}

void count(Connection& connection, LockedSession& session, const Outcomes& by) {
  if (by.total == 0 && by.successful == 0 && by.failed == 0) return;
  connection.execute(
      "UPDATE sync_sessions SET total_instances = total_instances + :total, successful_instances = "
      "successful_instances + :successful, failed_instances = failed_instances + :failed WHERE session_id = "
      ":session_id",
      {{"total", by.total}, {"successful", by.successful}, {"failed", by.failed}, {"session_id", session.id}});
  session.outcomes.total += by.total;
  session.outcomes.successful += by.successful;
  session.outcomes.failed += by.failed;
}

void count(Connection& connection, LockedSession& session, std::string_view from, std::string_view to) {
  const auto before = outcomesOf(from);
  const auto after = outcomesOf(to);
  count(connection, session, {0, after.successful - before.successful, after.failed - before.failed});
}

std::optional<SessionEnd> endSession(Connection& connection, std::string_view sessionId, std::string_view status,
                                     Time now) {
  auto ended = connection.queryOne<std::string, std::string, std::optional<std::string>>(
      "UPDATE sync_sessions SET status = :status, completed_at = :now, updated_at = :now2 "
      "WHERE session_id = :session_id AND status = 'running' RETURNING sync_type, sync_category, run_id",
      {{"status", status}, {"now", now}, {"now2", now}, {"session_id", sessionId}});
  if (!ended) return std::nullopt;
  auto& [type, category, runId] = *ended;
  countSessions(connection, type, category, "running", -1);
  countSessions(connection, type, category, status, 1);
  return SessionEnd{std::string(sessionId), std::string(status), std::move(runId)};
}

void insertError(Connection& connection, LockedSession& session, std::string_view message, std::string_view details,
                 Time now) {
  Record record;
  record.id = numbers().add(connection, "record");
  record.sessionId = session.id;
  record.category = session.category;
  record.status = "failed";
  record.completedAt = now;
  record.errorMessage = message;
  record.details = mortise::orNull(details);
  record.createdAt = now;
  db::insert(connection, record);
  count(connection, session, outcomesOf(record.status));
}

std::optional<SessionEnd> finishSession(Connection& connection, LockedSession& session, std::string_view reason,
                                        Time now) {
  if (session.status != "running") return std::nullopt;
  const auto open = session.outcomes.open();
  if (!reason.empty()) {
    insertError(connection, session, reason, {}, now);
  } else if (open > 0) {
    insertError(connection, session, std::to_string(open) + " targets were left without an outcome", {}, now);
  }
  return endSession(connection, session.id, session.outcomes.failed > 0 ? "failed" : "completed", now);
}

std::optional<SessionEnd> abandonSession(Connection& connection, LockedSession& session, std::string_view reason,
                                         Time now) {
  if (session.status != "running") return std::nullopt;
  const auto interrupted = connection.execute(
      "UPDATE sync_records SET status = 'failed', completed_at = :now, error_message = :reason "
      "WHERE session_id = :session_id AND status = 'running'",
      {{"now", now}, {"reason", reason}, {"session_id", session.id}});
  count(connection, session, {0, 0, interrupted});
  if (interrupted == 0) insertError(connection, session, reason, {}, now);
  return endSession(connection, session.id, "failed", now);
}

}  // namespace sync_sessions
