#include "sync_sessions/run_session_store.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>
#include <mortise/where.hpp>

#include <map>
#include <utility>
#include <vector>

#include "sync_sessions/rules.hpp"
#include "sync_sessions/session_rows.hpp"

namespace sync_sessions {
namespace {

namespace db = mortise::db;
using mortise::Time;
using State = mortise::JobReport::State;

constexpr std::string_view kRevision = "report_revision";  // a row of sync_numbers

Session newSession(Connection& connection, const mortise::JobRunRecord& run, Time now) {
  Session session;
  session.sessionId = mortise::makeUuid();
  session.type = run.manual ? "manual_task" : "scheduled_task";
  session.category = "other";
  if (run.createdBy != 0) session.createdBy = run.createdBy;
  session.runId = run.id;
  session.startedAt = mortise::timeOf(run.startedAt);
  session.createdAt = session.updatedAt = now;
  session.id = numbers().add(connection, "session");
  db::insert(connection, session);
  return session;
}

std::optional<Time> timeOrNull(std::int64_t micros) {
  return micros == 0 ? std::nullopt : std::optional(mortise::timeOf(micros));
}

std::string statusOf(const mortise::ReportedTarget& target) {
  if (target.state == State::pending) return "pending";
  if (target.state == State::running) return "running";
  return target.failure.empty() ? "completed" : "failed";
}

Record recordOf(const mortise::ReportedTarget& target, const LockedSession& session, Time now) {
  Record record;
  record.sessionId = session.id;
  record.instanceId = target.number;
  record.instanceName = target.target;
  record.category = session.category;
  record.status = statusOf(target);
  record.startedAt = timeOrNull(target.startedAt);
  record.completedAt = timeOrNull(target.endedAt);
  record.counters = {target.synced, target.created, target.updated, target.deleted};
  record.errorMessage = mortise::orNull(target.failure);
  record.details = mortise::orNull(detailsFrom(target.details));
  record.createdAt = now;
  return record;
}

struct KnownRecord {
  std::int64_t id = 0;
  std::string status;
};

// The session's records of these targets, by number: a few of perhaps 100,000.
std::map<std::int64_t, KnownRecord> recordsOf(Connection& connection, std::string_view sessionId,
                                              const std::vector<mortise::ReportedTarget>& targets) {
  std::vector<std::int64_t> numbers;
  for (const auto& target : targets) numbers.push_back(target.number);
  db::Where where;
  where.equals("session_id", sessionId).in("instance_id", numbers);
  std::map<std::int64_t, KnownRecord> records;
  connection.each<std::int64_t, std::int64_t, std::string>(
      "SELECT instance_id, id, status FROM sync_records " + where.text(), where.parameters(),
      [&](std::int64_t number, std::int64_t id, std::string status) {
        records[number] = {id, std::move(status)};
      });
  return records;
}

void writeTargets(Connection& connection, LockedSession& session, const std::vector<mortise::ReportedTarget>& targets,
                  Time now) {
  if (targets.empty()) return;
  const auto records = recordsOf(connection, session.id, targets);
  std::vector<Record> added;
  Outcomes sum;
  for (const auto& target : targets) {
    auto record = recordOf(target, session, now);
    const auto after = outcomesOf(record.status);
    if (const auto at = records.find(target.number); at != records.end()) {
      record.id = at->second.id;
      db::update<&Record::status, &Record::startedAt, &Record::completedAt, &Record::counters, &Record::errorMessage,
                 &Record::details>(connection, record);
      const auto before = outcomesOf(at->second.status);
      sum.successful += after.successful - before.successful;
      sum.failed += after.failed - before.failed;
    } else {
      sum.total += after.total;
      sum.successful += after.successful;
      sum.failed += after.failed;
      added.push_back(std::move(record));
    }
  }
  if (!added.empty()) {
    const auto size = static_cast<std::int64_t>(added.size());
    auto id = numbers().add(connection, "record", size) - size;
    for (auto& record : added) record.id = ++id;
    db::insertAll(connection, added);
  }
  count(connection, session, sum);
}

std::optional<SessionEnd> endWith(Connection& connection, LockedSession& session, const mortise::JobRunRecord& run) {
  const auto endedAt = mortise::timeOf(run.endedAt);
  const auto reason = reasonOf(run, session.outcomes.open(), session.outcomes.failed);
  if (run.outcome == "lost" && !reason.empty()) return abandonSession(connection, session, reason, endedAt);
  return finishSession(connection, session, reason, endedAt);
}

}  // namespace

std::string reasonOf(const mortise::JobRunRecord& run, std::int64_t openTargets, std::int64_t failedTargets) {
  if (run.outcome == "succeeded") return {};
  const bool isExplained = run.outcome != "failed" || failedTargets > 0;
  if (openTargets == 0 && isExplained) return {};
  if (run.outcome == "cancelled") return "the run was asked to stop";
  if (run.outcome == "timed_out") return "the run reached its time limit";
  return run.error.empty() ? "the run " + run.outcome : messageFrom(run.error);
}

std::string detailsFrom(const std::string& reported) {
  try {
    checkDetails(reported);
    return reported;
  } catch (const mortise::Problem&) {
    return R"({"version":1,"report":)" + reported + "}";
  }
}

std::int64_t RunSessionStore::revision() const { return numbers().value(db_, kRevision); }

std::optional<RunSessionStore::Change> RunSessionStore::take(const mortise::ReportedRun& reported, Time now) const {
  const auto& run = reported.run;
  return db_.transaction([&](Connection& connection) -> std::optional<Change> {
    // Held to the end of the transaction: of servers that learn of the same reports, one takes them.
    const auto revision = numbers().add(connection, kRevision, 0);
    if (revision >= reported.revision) return std::nullopt;
    numbers().add(connection, kRevision, reported.revision - revision);

    auto targets = reported.targets;
    std::erase_if(targets, [&](const auto& target) { return target.revision <= revision; });

    Change change;
    auto id = connection.queryOne<std::string>("SELECT session_id FROM sync_sessions WHERE run_id = :run_id",
                                               {{"run_id", run.id}});
    std::optional<Session> opened;
    if (!id) {
      opened = newSession(connection, run, now);
      change.isNew = true;
      id = opened->sessionId;
    }
    change.sessionId = *id;
    auto session = lockSession(connection, *id, now);
    writeTargets(connection, session, targets, now);
    for (const auto& target : targets) {
      if (target.state == State::done) ++(target.failure.empty() ? change.completed : change.failed);
    }
    // What was reported before the end may still have to come.
    if (run.endedAt != 0 && reported.isLatest) change.ended = endWith(connection, session, run);
    change.goesOnCancelled = run.endedAt == 0 && session.status == "cancelled";
    if (opened) countSessions(connection, opened->type, opened->category, "running", 1);
    return change;
  });
}

}  // namespace sync_sessions
