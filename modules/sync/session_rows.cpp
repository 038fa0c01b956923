#include "session_rows.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>

#include <utility>

namespace sync_sessions {

namespace db = mortise::db;
using mortise::Time;

const db::Counters& numbers() {
  static const db::Counters kNumbers("sync_numbers", "name", "last");
  return kNumbers;
}

std::optional<std::string> orNull(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

void countSessions(Connection& connection, std::string_view type, std::string_view category, std::string_view status,
                   std::int64_t by) {
  connection.execute(
      "INSERT INTO sync_session_counts (sync_type, sync_category, status, sessions) VALUES (:type, :category, :status, "
      ":by) ON CONFLICT (sync_type, sync_category, status) DO UPDATE SET sessions = sync_session_counts.sessions + "
      "excluded.sessions",
      {{"type", type}, {"category", category}, {"status", status}, {"by", by}});
}

LockedSession lockSession(Connection& connection, std::string_view sessionId, Time now) {
  auto row = connection.queryOne<std::string, std::string>(
      "UPDATE sync_sessions SET updated_at = :now WHERE session_id = :session_id RETURNING status, sync_category",
      {{"now", now}, {"session_id", sessionId}});
  if (!row) throw mortise::Problem(404, "sync_session_not_found");
  return {std::string(sessionId), std::move(std::get<0>(*row)), std::move(std::get<1>(*row))};
}

Outcomes recount(Connection& connection, std::string_view sessionId) {
  Outcomes outcomes;
  connection.each<std::string, std::int64_t>(
      "SELECT status, COUNT(*) FROM sync_records WHERE session_id = :session_id GROUP BY status",
      {{"session_id", sessionId}}, [&](const std::string& status, std::int64_t records) {
        auto& outcome = status == "completed" ? outcomes.successful
                        : status == "failed"  ? outcomes.failed
                                              : outcomes.open;
        outcome += records;
      });
  outcomes.total =
      connection
          .queryOne<std::int64_t>(
              "UPDATE sync_sessions SET successful_instances = :successful, failed_instances = :failed "
              "WHERE session_id = :session_id RETURNING total_instances",
              {{"successful", outcomes.successful}, {"failed", outcomes.failed}, {"session_id", sessionId}})
          .value();
  return outcomes;
}

bool endSession(Connection& connection, std::string_view sessionId, std::string_view status, Time now) {
  const auto kind = connection.queryOne<std::string, std::string>(
      "UPDATE sync_sessions SET status = :status, completed_at = :now, updated_at = :now2 "
      "WHERE session_id = :session_id AND status = 'running' RETURNING sync_type, sync_category",
      {{"status", status}, {"now", now}, {"now2", now}, {"session_id", sessionId}});
  if (!kind) return false;
  const auto& [type, category] = *kind;
  countSessions(connection, type, category, "running", -1);
  countSessions(connection, type, category, status, 1);
  return true;
}

void grow(Connection& connection, std::string_view sessionId, std::int64_t by) {
  connection.execute("UPDATE sync_sessions SET total_instances = total_instances + :by WHERE session_id = :session_id",
                     {{"by", by}, {"session_id", sessionId}});
}

void insertError(Connection& connection, const LockedSession& session, std::string_view message,
                 std::string_view details, Time now) {
  Record record;
  record.id = numbers().add(connection, "record");
  record.sessionId = session.id;
  record.category = session.category;
  record.status = "failed";
  record.completedAt = now;
  record.errorMessage = message;
  record.details = orNull(details);
  record.createdAt = now;
  db::insert(connection, record);
  grow(connection, session.id, 1);
}

std::optional<SessionEnd> finishSession(Connection& connection, const LockedSession& session, std::string_view reason,
                                        Time now) {
  if (session.status != "running") return std::nullopt;
  const auto outcomes = recount(connection, session.id);
  const bool hasOpen = outcomes.open > 0;
  if (!reason.empty()) {
    insertError(connection, session, reason, {}, now);
  } else if (hasOpen) {
    insertError(connection, session, std::to_string(outcomes.open) + " targets were left without an outcome", {}, now);
  }
  if (!reason.empty() || hasOpen) recount(connection, session.id);
  const std::string status = outcomes.failed > 0 || hasOpen || !reason.empty() ? "failed" : "completed";
  endSession(connection, session.id, status, now);
  return SessionEnd{session.id, status};
}

std::optional<SessionEnd> abandonSession(Connection& connection, const LockedSession& session, std::string_view reason,
                                         Time now) {
  if (session.status != "running") return std::nullopt;
  const auto interrupted = connection.execute(
      "UPDATE sync_records SET status = 'failed', completed_at = :now, error_message = :reason "
      "WHERE session_id = :session_id AND status = 'running'",
      {{"now", now}, {"reason", reason}, {"session_id", session.id}});
  if (interrupted == 0) insertError(connection, session, reason, {}, now);
  recount(connection, session.id);
  endSession(connection, session.id, "failed", now);
  return SessionEnd{session.id, "failed"};
}

}  // namespace sync_sessions
