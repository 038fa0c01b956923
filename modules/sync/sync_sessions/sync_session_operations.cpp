#include "sync_sessions/sync_session_operations.hpp"

#include <mortise/failure.hpp>
#include <mortise/sync_sessions.hpp>

#include "sync_sessions/session_list.hpp"

namespace sync_sessions {
namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

constexpr auto kPages = mortise::numberedPages();

}  // namespace

SyncSessionOperations::SyncSessionOperations(mortise::Host host)
    : log_(host.log()), service_(host), table_(tableOf(service_)), maintenance_(host.db()) {}

const void* SyncSessionOperations::provide(std::string_view interfaceName) const {
  return interfaceName == MORTISE_SYNC_SESSIONS_V1 ? &table_ : nullptr;
}

// A backlog of reports holds a request up for no longer than somebody waits for it.
void SyncSessionOperations::catchUp(const Request& request) {
  service_.catchUp([&] { return request.expired(); });
}

Session SyncSessionOperations::sessionOf(const Request& request) {
  catchUp(request);
  return service_.read(request.path("session_id"));
}

Reply SyncSessionOperations::listSyncSessions(const Request& request) {
  return mortise::failingAs("sync_sessions_list_failed", [&] {
    catchUp(request);
    const auto text = [&](std::string_view name) { return request.query(name).text(""); };
    const auto query =
        readList({text("sync_type"), text("sync_category"), text("status"), text("sort"), text("order")});
    return service_.store().list(query, mortise::Paging::of(request, kPages)).reply().message("sync_sessions_listed");
  });
}

Reply SyncSessionOperations::readSyncSession(const Request& request) {
  return mortise::failingAs("sync_session_read_failed", [&] {
    const auto session = sessionOf(request);
    const auto detail =
        json::from(session)
            .add("instance_records", json::list(service_.store().records(session.sessionId)))
            .add("progress_percentage", progressPercentage(session.successful, session.failed, session.total));
    return Reply::ok(json::object({{"session", detail}})).message("sync_session_read");
  });
}

Reply SyncSessionOperations::readSyncSessionErrors(const Request& request) {
  return mortise::failingAs("sync_session_errors_failed", [&] {
    const auto session = sessionOf(request);
    const auto records = service_.store().failedRecords(session.sessionId);
    return Reply::ok(
               json::object(
                   {{"session", session}, {"error_records", json::list(records)}, {"error_count", records.size()}}))
        .message("sync_session_errors_read");
  });
}

Reply SyncSessionOperations::cancelSyncSession(const Request& request) {
  return mortise::failingAs("sync_session_cancel_failed", [&] {
    if (!service_.cancelFor(request.path("session_id"), request.principal().userId))
      throw Problem(404, "sync_session_not_running");
    return Reply::status(200).message("sync_session_cancelled");
  });
}

void SyncSessionOperations::closeAbandoned(JobRun& run) {
  if (const auto closed = service_.closeAbandoned(); closed > 0) run.output("closed " + std::to_string(closed));
}

void SyncSessionOperations::purgeSessions(JobRun& run) {
  const auto removed = service_.purge();
  if (removed > 0) log_.info("old sessions dropped", {{"count", removed}});
  run.output("dropped " + std::to_string(removed));
}

// Reports like any other module, through the table.
void SyncSessionOperations::maintainDatabase(JobRun& run) {
  const mortise::SyncSessions sessions(nullptr, &table_);
  auto session = sessions.open({run.triggered() ? "manual_task" : "scheduled_task", "other", run.createdBy()});
  const auto record = session.addTargets({{1, maintenance_.database()}}).front();
  if (!session.start(record)) return;
  try {
    const auto result = maintenance_.run([&] { return run.cancelled() || session.cancelled(); },
                                         [&](std::int64_t tables) { session.progress(record, {.synced = tables}); });
    if (!result.finished) {
      session.finish("stopped before every table was checked");
      return;
    }
    const auto details = json::object({{"version", 1},
                                       {"database", result.database},
                                       {"tables", result.tables},
                                       {"findings", json::list(result.findings)}});
    if (result.findings.empty()) {
      session.complete(record, {.synced = result.tables}, details.text());
    } else {
      session.fail(record, result.findings.front(), details.text());
      log_.error("the database is damaged", {{"finding", result.findings.front()}});
    }
    run.output("checked " + std::to_string(result.tables) + " tables, " + std::to_string(result.findings.size()) +
               " findings");
  } catch (const mortise::db::Error& error) {
    session.fail(record, error.what());
    session.finish();
    throw;
  }
  session.finish();
}

}  // namespace sync_sessions
