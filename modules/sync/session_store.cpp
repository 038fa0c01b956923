#include "session_store.hpp"

#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace sync_sessions {
namespace {

using mortise::Problem;
using mortise::db::Parameter;
using Connection = mortise::db::Session;  // a session is something else here

constexpr std::size_t kRowsAtOnce = 50;
constexpr std::int64_t kPurgedAtOnce = 500;

Problem sessionNotFound() { return {404, "sync_session_not_found"}; }
Problem recordNotFound() { return {404, "sync_record_not_found"}; }
Problem sessionEnded() { return {409, "sync_session_ended"}; }

// The first of `count` new numbers.
std::int64_t takeNumbers(Connection& session, std::string_view name, std::int64_t count) {
  session.execute("UPDATE sync_numbers SET last = last + :count WHERE name = :name",
                  {{"count", count}, {"name", name}});
  return session.queryOne<std::int64_t>("SELECT last FROM sync_numbers WHERE name = :name", {{"name", name}}).value() -
         count + 1;
}

// Locks the session's row to the end of the transaction, and returns its status.
std::string lockSession(Connection& session, std::string_view sessionId, std::int64_t now) {
  if (session.execute("UPDATE sync_sessions SET updated_at = :now WHERE session_id = :session_id",
                      {{"now", now}, {"session_id", sessionId}}) == 0) {
    throw sessionNotFound();
  }
  return session
      .queryOne<std::string>("SELECT status FROM sync_sessions WHERE session_id = :session_id",
                             {{"session_id", sessionId}})
      .value();
}

struct Locked {
  std::string sessionId;
  std::string sessionStatus;
  std::string recordStatus;
};

Locked lockRecord(Connection& session, std::int64_t recordId, std::int64_t now) {
  Locked out;
  const auto owner =
      session.queryOne<std::string>("SELECT session_id FROM sync_records WHERE id = :id", {{"id", recordId}});
  if (!owner) throw recordNotFound();
  out.sessionId = *owner;
  out.sessionStatus = lockSession(session, out.sessionId, now);
  const auto status =
      session.queryOne<std::string>("SELECT status FROM sync_records WHERE id = :id", {{"id", recordId}});
  if (!status) throw recordNotFound();
  out.recordStatus = *status;
  return out;
}

struct Counted {
  std::int64_t successful = 0;
  std::int64_t failed = 0;
  std::int64_t unfinished = 0;
};

// Writes the counters anew from the records.
Counted recount(Connection& session, std::string_view sessionId) {
  Counted counted;
  session.each<std::string, std::int64_t>(
      "SELECT status, COUNT(*) FROM sync_records WHERE session_id = :session_id GROUP BY status",
      {{"session_id", sessionId}}, [&](const std::string& status, std::int64_t count) {
        if (status == "completed") {
          counted.successful = count;
        } else if (status == "failed") {
          counted.failed = count;
        } else {
          counted.unfinished += count;
        }
      });
  session.execute(
      "UPDATE sync_sessions SET successful_instances = :successful, failed_instances = :failed "
      "WHERE session_id = :session_id",
      {{"successful", counted.successful}, {"failed", counted.failed}, {"session_id", sessionId}});
  return counted;
}

void end(Connection& session, std::string_view sessionId, std::string_view status, std::int64_t now) {
  session.execute(
      "UPDATE sync_sessions SET status = :status, completed_at = :now, updated_at = :now2 "
      "WHERE session_id = :session_id AND status = 'running'",
      {{"status", status}, {"now", now}, {"now2", now}, {"session_id", sessionId}});
}

// After an outcome: counts, and ends a running session whose targets all have one.
SessionStore::Ended settle(Connection& session, const Locked& locked, std::int64_t now) {
  const auto counted = recount(session, locked.sessionId);
  if (locked.sessionStatus != "running") return std::nullopt;
  const auto total = session.queryOne<std::int64_t>(
      "SELECT total_instances FROM sync_sessions WHERE session_id = :session_id", {{"session_id", locked.sessionId}});
  if (counted.successful + counted.failed != total.value()) return std::nullopt;
  const std::string status = counted.failed > 0 ? "failed" : "completed";
  end(session, locked.sessionId, status, now);
  return SessionStore::End{locked.sessionId, status};
}

void grow(Connection& session, std::string_view sessionId, std::int64_t by) {
  session.execute("UPDATE sync_sessions SET total_instances = total_instances + :by WHERE session_id = :session_id",
                  {{"by", by}, {"session_id", sessionId}});
}

std::string categoryOf(Connection& session, std::string_view sessionId) {
  return session
      .queryOne<std::string>("SELECT sync_category FROM sync_sessions WHERE session_id = :session_id",
                             {{"session_id", sessionId}})
      .value();
}

// An error of the session itself: a failed record of instance 0.
void insertError(Connection& session, std::string_view sessionId, std::string_view message,
                 const std::optional<std::string>& details, std::int64_t now) {
  session.execute(
      "INSERT INTO sync_records (id, session_id, instance_id, instance_name, sync_category, status, started_at, "
      "completed_at, items_synced, items_created, items_updated, items_deleted, error_message, sync_details, "
      "created_at) VALUES (:id, :session_id, 0, NULL, :category, 'failed', NULL, :completed_at, 0, 0, 0, 0, :message, "
      ":details, :created_at)",
      {{"id", takeNumbers(session, "record", 1)},
       {"session_id", sessionId},
       {"category", categoryOf(session, sessionId)},
       {"completed_at", now},
       {"message", message},
       {"details", details},
       {"created_at", now}});
  grow(session, sessionId, 1);
}

std::optional<std::string> orNull(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

// An INSERT of many records at once; its text is constant, so that it is prepared once per connection.
class RecordInsert {
 public:
  explicit RecordInsert(std::size_t rows) {
    sql_ =
        "INSERT INTO sync_records (id, session_id, instance_id, instance_name, sync_category, status, items_synced, "
        "items_created, items_updated, items_deleted, created_at) VALUES ";
    names_.reserve(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      std::array<std::string, kColumns> names;
      const auto number = std::to_string(row);
      for (std::size_t column = 0; column < kColumns; ++column) {
        names[column] = std::string(1, static_cast<char>('a' + column)).append(number);
      }
      sql_.append(row == 0 ? "" : ", ")
          .append("(:" + names[0] + ", :" + names[1] + ", :" + names[2] + ", :" + names[3] + ", :" + names[4])
          .append(", 'pending', 0, 0, 0, 0, :" + names[5] + ")");
      names_.push_back(std::move(names));
    }
  }

  void run(Connection& session, std::string_view sessionId, std::string_view category, const Target* targets,
           std::int64_t firstId, std::int64_t now) const {
    std::vector<Parameter> parameters;
    parameters.reserve(names_.size() * kColumns);
    for (std::size_t row = 0; row < names_.size(); ++row) {
      const auto& names = names_[row];
      const auto& target = targets[row];
      parameters.emplace_back(names[0], firstId + static_cast<std::int64_t>(row));
      parameters.emplace_back(names[1], sessionId);
      parameters.emplace_back(names[2], target.instanceId);
      if (target.name.empty()) {
        parameters.emplace_back(names[3], nullptr);
      } else {
        parameters.emplace_back(names[3], target.name);
      }
      parameters.emplace_back(names[4], category);
      parameters.emplace_back(names[5], now);
    }
    session.execute(sql_, parameters);
  }

 private:
  static constexpr std::size_t kColumns = 6;
  std::string sql_;
  std::vector<std::array<std::string, kColumns>> names_;
};

constexpr std::string_view kSessionColumns =
    "SELECT id, session_id, sync_type, sync_category, status, started_at, completed_at, total_instances, "
    "successful_instances, failed_instances, created_by, created_at, updated_at FROM sync_sessions ";
constexpr std::string_view kFilter =
    "WHERE (:any_type = '' OR sync_type = :type) AND (:any_category = '' OR sync_category = :category) "
    "AND (:any_status = '' OR status = :status) ";
constexpr std::string_view kRecordColumns =
    "SELECT id, session_id, instance_id, instance_name, sync_category, status, started_at, completed_at, items_synced, "
    "items_created, items_updated, items_deleted, error_message, sync_details, created_at FROM sync_records ";

std::vector<Session> sessionsOf(Connection& session, const std::string& sql, mortise::db::Parameters parameters) {
  std::vector<Session> out;
  session
      .each<std::int64_t, std::string, std::string, std::string, std::string, std::int64_t, std::optional<std::int64_t>,
            std::int64_t, std::int64_t, std::int64_t, std::optional<std::int64_t>, std::int64_t, std::int64_t>(
          sql, parameters,
          [&](std::int64_t id, std::string sessionId, std::string type, std::string category, std::string status,
              std::int64_t startedAt, std::optional<std::int64_t> completedAt, std::int64_t total,
              std::int64_t successful, std::int64_t failed, std::optional<std::int64_t> createdBy,
              std::int64_t createdAt, std::int64_t updatedAt) {
            out.push_back({id, std::move(sessionId), std::move(type), std::move(category), std::move(status), startedAt,
                           completedAt, total, successful, failed, createdBy, createdAt, updatedAt});
          });
  return out;
}

std::vector<Record> recordsOf(Connection session, const std::string& sql, std::string_view sessionId) {
  std::vector<Record> out;
  session.each<std::int64_t, std::string, std::int64_t, std::optional<std::string>, std::string, std::string,
               std::optional<std::int64_t>, std::optional<std::int64_t>, std::int64_t, std::int64_t, std::int64_t,
               std::int64_t, std::optional<std::string>, std::optional<std::string>, std::int64_t>(
      sql, {{"session_id", sessionId}},
      [&](std::int64_t id, std::string owner, std::int64_t instanceId, std::optional<std::string> instanceName,
          std::string category, std::string status, std::optional<std::int64_t> startedAt,
          std::optional<std::int64_t> completedAt, std::int64_t synced, std::int64_t created, std::int64_t updated,
          std::int64_t deleted, std::optional<std::string> errorMessage, std::optional<std::string> details,
          std::int64_t createdAt) {
        out.push_back({id,
                       std::move(owner),
                       instanceId,
                       std::move(instanceName),
                       std::move(category),
                       std::move(status),
                       startedAt,
                       completedAt,
                       {synced, created, updated, deleted},
                       std::move(errorMessage),
                       std::move(details),
                       createdAt});
      });
  return out;
}

// An open end sorts as the latest, on both databases.
std::string orderOf(const ListQuery& query) {
  const std::string direction = query.ascending ? " ASC" : " DESC";
  const std::string tie = ", id DESC ";
  switch (query.sort) {
    case ListQuery::Sort::completedAt:
      return "ORDER BY completed_at" + direction + (query.ascending ? " NULLS LAST" : " NULLS FIRST") + tie;
    case ListQuery::Sort::status:
      return "ORDER BY status" + direction + tie;
    case ListQuery::Sort::startedAt:
      break;
  }
  return "ORDER BY started_at" + direction + tie;
}

}  // namespace

std::string SessionStore::open(const NewSession& wanted, std::int64_t now) const {
  auto sessionId = mortise::makeUuid();
  db_.transaction([&](Connection& session) {
    session.execute(
        "INSERT INTO sync_sessions (id, session_id, sync_type, sync_category, status, started_at, total_instances, "
        "successful_instances, failed_instances, created_by, created_at, updated_at, server_id) VALUES (:id, "
        ":session_id, :type, :category, 'running', :started_at, 0, 0, 0, :created_by, :created_at, :updated_at, "
        ":server_id)",
        {{"id", takeNumbers(session, "session", 1)},
         {"session_id", sessionId},
         {"type", wanted.type},
         {"category", wanted.category},
         {"started_at", now},
         {"created_by", wanted.createdBy},
         {"created_at", now},
         {"updated_at", now},
         {"server_id", wanted.serverId}});
  });
  return sessionId;
}

std::vector<std::int64_t> SessionStore::addTargets(std::string_view sessionId, const std::vector<Target>& targets,
                                                   std::int64_t now) const {
  static const RecordInsert kMany(kRowsAtOnce);
  static const RecordInsert kOne(1);
  const auto count = static_cast<std::int64_t>(targets.size());
  // Before, so that no other session waits for its numbers while these rows are written. What fails leaves a gap.
  const auto first = db_.transaction([&](Connection& session) { return takeNumbers(session, "record", count); });
  db_.transaction([&](Connection& session) {
    if (lockSession(session, sessionId, now) != "running") throw sessionEnded();
    const auto category = categoryOf(session, sessionId);
    for (std::size_t done = 0; done < targets.size();) {
      const bool many = targets.size() - done >= kRowsAtOnce;
      (many ? kMany : kOne)
          .run(session, sessionId, category, &targets[done], first + static_cast<std::int64_t>(done), now);
      done += many ? kRowsAtOnce : 1;
    }
    grow(session, sessionId, count);
  });
  std::vector<std::int64_t> ids(targets.size());
  std::generate(ids.begin(), ids.end(), [next = first]() mutable { return next++; });
  return ids;
}

void SessionStore::start(std::int64_t recordId, std::int64_t now) const {
  db_.transaction([&](Connection& session) {
    const auto locked = lockRecord(session, recordId, now);
    if (locked.sessionStatus != "running") throw sessionEnded();
    if (locked.recordStatus != "pending" && locked.recordStatus != "running")
      throw Problem(422, "sync_record_finished");
    session.execute(
        "UPDATE sync_records SET status = 'running', started_at = COALESCE(started_at, :now) WHERE id = :id",
        {{"now", now}, {"id", recordId}});
  });
}

void SessionStore::progress(std::int64_t recordId, const Counters& counters) const {
  const auto changed = db_.execute(
      "UPDATE sync_records SET items_synced = :synced, items_created = :created, items_updated = :updated, "
      "items_deleted = :deleted WHERE id = :id AND status = 'running'",
      {{"synced", counters.synced},
       {"created", counters.created},
       {"updated", counters.updated},
       {"deleted", counters.deleted},
       {"id", recordId}});
  if (changed > 0) return;
  if (!db_.queryOne<std::int64_t>("SELECT id FROM sync_records WHERE id = :id", {{"id", recordId}}))
    throw recordNotFound();
  throw Problem(422, "sync_record_not_started");
}

SessionStore::Ended SessionStore::complete(std::int64_t recordId, const Counters& counters, std::string_view details,
                                           std::int64_t now) const {
  return db_.transaction([&](Connection& session) {
    const auto locked = lockRecord(session, recordId, now);
    session.execute(
        "UPDATE sync_records SET status = 'completed', completed_at = :now, items_synced = :synced, items_created = "
        ":created, items_updated = :updated, items_deleted = :deleted, error_message = NULL, sync_details = :details "
        "WHERE id = :id",
        {{"now", now},
         {"synced", counters.synced},
         {"created", counters.created},
         {"updated", counters.updated},
         {"deleted", counters.deleted},
         {"details", orNull(details)},
         {"id", recordId}});
    return settle(session, locked, now);
  });
}

SessionStore::Ended SessionStore::fail(std::int64_t recordId, std::string_view message, std::string_view details,
                                       std::int64_t now) const {
  return db_.transaction([&](Connection& session) {
    const auto locked = lockRecord(session, recordId, now);
    session.execute(
        "UPDATE sync_records SET status = 'failed', completed_at = :now, error_message = :message, sync_details = "
        ":details WHERE id = :id",
        {{"now", now}, {"message", message}, {"details", orNull(details)}, {"id", recordId}});
    return settle(session, locked, now);
  });
}

void SessionStore::logError(std::string_view sessionId, std::string_view message, std::string_view details,
                            std::int64_t now) const {
  db_.transaction([&](Connection& session) {
    lockSession(session, sessionId, now);
    insertError(session, sessionId, message, orNull(details), now);
    recount(session, sessionId);
  });
}

SessionStore::Ended SessionStore::finish(std::string_view sessionId, std::string_view reason, std::int64_t now) const {
  return db_.transaction([&](Connection& session) -> Ended {
    if (lockSession(session, sessionId, now) != "running") return std::nullopt;
    const auto counted = recount(session, sessionId);
    const bool loose = counted.unfinished > 0;
    if (!reason.empty()) {
      insertError(session, sessionId, reason, std::nullopt, now);
    } else if (loose) {
      insertError(session, sessionId, std::to_string(counted.unfinished) + " targets were left without an outcome",
                  std::nullopt, now);
    }
    if (!reason.empty() || loose) recount(session, sessionId);
    const std::string status = counted.failed > 0 || loose || !reason.empty() ? "failed" : "completed";
    end(session, sessionId, status, now);
    return End{std::string(sessionId), status};
  });
}

SessionStore::Ended SessionStore::abandon(std::string_view sessionId, std::string_view reason, std::int64_t now) const {
  return db_.transaction([&](Connection& session) -> Ended {
    if (lockSession(session, sessionId, now) != "running") return std::nullopt;
    const auto interrupted = session.execute(
        "UPDATE sync_records SET status = 'failed', completed_at = :now, error_message = :reason "
        "WHERE session_id = :session_id AND status = 'running'",
        {{"now", now}, {"reason", reason}, {"session_id", sessionId}});
    if (interrupted == 0) insertError(session, sessionId, reason, std::nullopt, now);
    recount(session, sessionId);
    end(session, sessionId, "failed", now);
    return End{std::string(sessionId), "failed"};
  });
}

bool SessionStore::cancel(std::string_view sessionId, std::int64_t now) const {
  return db_.execute(
             "UPDATE sync_sessions SET status = 'cancelled', completed_at = :now, updated_at = :now2 "
             "WHERE session_id = :session_id AND status = 'running'",
             {{"now", now}, {"now2", now}, {"session_id", sessionId}}) > 0;
}

SessionStore::Page SessionStore::list(const ListQuery& query) const {
  auto session = db_.read();
  Page page;
  std::vector<Parameter> parameters = {{"any_type", query.type},         {"type", query.type},
                                       {"any_category", query.category}, {"category", query.category},
                                       {"any_status", query.status},     {"status", query.status}};
  page.total =
      session.queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_sessions " + std::string(kFilter), parameters).value();
  const auto skip = query.page.skipOf(page.total);
  if (!skip) return page;
  parameters.emplace_back("limit", query.page.limit);
  parameters.emplace_back("offset", *skip);
  page.sessions = sessionsOf(
      session, std::string(kSessionColumns).append(kFilter).append(orderOf(query)) + "LIMIT :limit OFFSET :offset",
      parameters);
  return page;
}

std::optional<Session> SessionStore::find(std::string_view sessionId) const {
  auto session = db_.read();
  auto found =
      sessionsOf(session, std::string(kSessionColumns) + "WHERE session_id = :session_id", {{"session_id", sessionId}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Record> SessionStore::records(std::string_view sessionId) const {
  return recordsOf(db_.read(), std::string(kRecordColumns) + "WHERE session_id = :session_id ORDER BY created_at, id",
                   sessionId);
}

std::vector<Record> SessionStore::failedRecords(std::string_view sessionId) const {
  return recordsOf(
      db_.read(),
      std::string(kRecordColumns) + "WHERE session_id = :session_id AND status = 'failed' ORDER BY created_at, id",
      sessionId);
}

std::vector<std::pair<std::string, std::string>> SessionStore::runningElsewhere(std::string_view serverId) const {
  std::vector<std::pair<std::string, std::string>> out;
  db_.each<std::string, std::string>(
      "SELECT session_id, server_id FROM sync_sessions WHERE status = 'running' AND server_id <> :server_id",
      {{"server_id", serverId}},
      [&](std::string session, std::string server) { out.emplace_back(std::move(session), std::move(server)); });
  return out;
}

std::vector<std::string> SessionStore::runningOf(std::string_view serverId) const {
  return db_.query<std::string>(
      "SELECT session_id FROM sync_sessions WHERE status = 'running' AND server_id = :server_id",
      {{"server_id", serverId}});
}

std::int64_t SessionStore::purge(std::int64_t before) const {
  std::int64_t dropped = 0;
  for (;;) {
    const auto now = db_.execute(
        "DELETE FROM sync_sessions WHERE id IN (SELECT id FROM sync_sessions WHERE status <> 'running' "
        "AND created_at < :before ORDER BY id LIMIT :most)",
        {{"before", before}, {"most", kPurgedAtOnce}});
    dropped += now;
    if (now < kPurgedAtOnce) return dropped;
  }
}

}  // namespace sync_sessions
