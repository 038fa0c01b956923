#include "sync_sessions/session_store.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "sync_sessions/session_rows.hpp"

namespace sync_sessions {
namespace {

namespace db = mortise::db;
using mortise::Problem;
using mortise::Time;

constexpr std::int64_t kPurgedAtOnce = 500;

Problem recordNotFound() { return {404, "sync_record_not_found"}; }

struct LockedRecord {
  LockedSession session;
  std::string status;
};

LockedRecord lockRecord(Connection& connection, std::int64_t recordId, Time now) {
  const auto owner =
      connection.queryOne<std::string>("SELECT session_id FROM sync_records WHERE id = :id", {{"id", recordId}});
  if (!owner) throw recordNotFound();
  auto session = lockSession(connection, *owner, now);
  auto status = connection.queryOne<std::string>("SELECT status FROM sync_records WHERE id = :id", {{"id", recordId}});
  if (!status) throw recordNotFound();
  return {std::move(session), *std::move(status)};
}

// After an outcome: counts, and ends a running session whose targets all have one.
SessionStore::Ended settle(Connection& connection, LockedRecord& locked, std::string_view status, Time now) {
  auto& [session, before] = locked;
  count(connection, session, before, status);
  if (session.status != "running" || session.outcomes.open() > 0) return std::nullopt;
  return finishSession(connection, session, {}, now);
}

// A session without an end sorts as the latest; see the indexes of 002_session_lists.sql.
constexpr db::Sort kSorts[] = {
    {"started_at", "started_at, id DESC", "started_at DESC, id DESC"},
    {"completed_at", "COALESCE(completed_at, 9223372036854775807), id DESC",
     "COALESCE(completed_at, 9223372036854775807) DESC, id DESC"},
};

db::Where conditionsOf(const ListQuery& query, std::string_view status) {
  db::Where where;
  where.equals("sync_type", db::ifSent(query.type))
      .equals("sync_category", db::ifSent(query.category))
      .equals("status", db::ifSent(status));
  return where;
}

// The filter's value, or every value there is.
template <class Values>
std::vector<std::string_view> oneOrAll(const std::string& filter, const Values& values) {
  if (!filter.empty()) return {filter};
  return {values.begin(), values.end()};
}

using CountByStatus = std::map<std::string, std::int64_t>;

// How many sessions the filters let through: the sum of at most 80 rows.
CountByStatus countByStatus(Connection& connection, const ListQuery& query) {
  db::Where where;
  where.in("sync_type", oneOrAll(query.type, kTypes))
      .in("sync_category", oneOrAll(query.category, kCategories))
      .in("status", oneOrAll(query.status, kStatuses));
  CountByStatus counts;
  connection.each<std::string, std::int64_t>(
      "SELECT status, sessions FROM sync_session_counts " + where.text(), where.parameters(),
      [&](const std::string& status, std::int64_t sessions) { counts[status] += sessions; });
  return counts;
}

// By status, then by id descending: one list after the other, of which those that come before the page are passed over
// by their counts.
std::vector<Session> listByStatus(Connection& connection, const ListQuery& query, mortise::Paging paging,
                                  const CountByStatus& counts) {
  std::vector<std::pair<std::string, std::int64_t>> lists(counts.begin(), counts.end());
  if (!query.ascending) std::reverse(lists.begin(), lists.end());
  std::vector<Session> sessions;
  for (const auto& [status, total] : lists) {
    if (paging.skip >= total) {
      paging.skip -= total;
      continue;
    }
    auto part = db::slice<Session>(connection, conditionsOf(query, status), "id DESC", paging, db::Total::known(total));
    paging.skip = 0;
    paging.size -= static_cast<std::int64_t>(part.items.size());
    std::move(part.items.begin(), part.items.end(), std::back_inserter(sessions));
    if (paging.size <= 0) break;
  }
  return sessions;
}

}  // namespace

std::string SessionStore::open(const NewSession& request, Time now) const {
  Session session;
  session.sessionId = mortise::makeUuid();
  session.type = request.type;
  session.category = request.category;
  session.createdBy = request.createdBy;
  session.serverId = request.serverId;
  session.startedAt = session.createdAt = session.updatedAt = now;
  db_.transaction([&](Connection& connection) {
    session.id = numbers().add(connection, "session");
    db::insert(connection, session);
    countSessions(connection, session.type, session.category, session.status, 1);
  });
  return session.sessionId;
}

std::vector<std::int64_t> SessionStore::addTargets(std::string_view sessionId, const std::vector<Target>& targets,
                                                   Time now) const {
  const auto size = static_cast<std::int64_t>(targets.size());
  // Before, so that no other session waits for its numbers while these rows are written. A failure leaves a gap.
  const auto last = db_.transaction([&](Connection& connection) { return numbers().add(connection, "record", size); });
  std::vector<std::int64_t> ids;
  std::vector<Record> records;
  ids.reserve(targets.size());
  records.reserve(targets.size());
  for (const auto& target : targets) {
    ids.push_back(last - size + 1 + static_cast<std::int64_t>(ids.size()));
    Record record;
    record.id = ids.back();
    record.sessionId = sessionId;
    record.instanceId = target.instanceId;
    record.instanceName = mortise::orNull(target.name);
    record.createdAt = now;
    records.push_back(std::move(record));
  }
  db_.transaction([&](Connection& connection) {
    auto session = lockSession(connection, sessionId, now);
    if (session.status != "running") throw sessionEnded();
    for (auto& record : records) record.category = session.category;
    db::insertAll(connection, records);
    count(connection, session, {size, 0, 0});
  });
  return ids;
}

void SessionStore::start(std::int64_t recordId, Time now) const {
  db_.transaction([&](Connection& connection) {
    const auto record = lockRecord(connection, recordId, now);
    if (record.session.status != "running") throw sessionEnded();
    if (record.status != "pending" && record.status != "running") throw Problem(422, "sync_record_finished");
    connection.execute(
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
  if (!db::exists<Record>(db_, "WHERE id = :id", {{"id", recordId}})) throw recordNotFound();
  throw Problem(422, "sync_record_not_started");
}

SessionStore::Ended SessionStore::complete(std::int64_t recordId, const Counters& counters, std::string_view details,
                                           Time now) const {
  Record record;
  record.id = recordId;
  record.status = "completed";
  record.completedAt = now;
  record.counters = counters;
  record.details = mortise::orNull(details);
  return db_.transaction([&](Connection& connection) {
    auto locked = lockRecord(connection, recordId, now);
    db::update<&Record::status, &Record::completedAt, &Record::counters, &Record::errorMessage, &Record::details>(
        connection, record);
    return settle(connection, locked, record.status, now);
  });
}

SessionStore::Ended SessionStore::fail(std::int64_t recordId, std::string_view message, std::string_view details,
                                       Time now) const {
  Record record;
  record.id = recordId;
  record.status = "failed";
  record.completedAt = now;
  record.errorMessage = message;
  record.details = mortise::orNull(details);
  return db_.transaction([&](Connection& connection) {
    auto locked = lockRecord(connection, recordId, now);
    db::update<&Record::status, &Record::completedAt, &Record::errorMessage, &Record::details>(connection, record);
    return settle(connection, locked, record.status, now);
  });
}

void SessionStore::logError(std::string_view sessionId, std::string_view message, std::string_view details,
                            Time now) const {
  db_.transaction([&](Connection& connection) {
    auto session = lockSession(connection, sessionId, now);
    insertError(connection, session, message, details, now);
  });
}

SessionStore::Ended SessionStore::finish(std::string_view sessionId, std::string_view reason, Time now) const {
  return db_.transaction([&](Connection& connection) {
    auto session = lockSession(connection, sessionId, now);
    return finishSession(connection, session, reason, now);
  });
}

SessionStore::Ended SessionStore::abandon(std::string_view sessionId, std::string_view reason, Time now) const {
  return db_.transaction([&](Connection& connection) {
    auto session = lockSession(connection, sessionId, now);
    return abandonSession(connection, session, reason, now);
  });
}

SessionStore::Ended SessionStore::cancel(std::string_view sessionId, Time now) const {
  return db_.transaction([&](Connection& connection) { return endSession(connection, sessionId, "cancelled", now); });
}

db::Slice<Session> SessionStore::list(const ListQuery& query, const mortise::Paging& paging) const {
  auto connection = db_.read();
  const auto counts = countByStatus(connection, query);
  std::int64_t total = 0;
  for (const auto& [status, sessions] : counts) total += sessions;
  if (query.sort == ListQuery::Sort::status) {
    db::Slice<Session> page;
    page.paging = paging;
    page.total = total;
    page.items = listByStatus(connection, query, paging, counts);
    return page;
  }
  const auto* sort = query.sort == ListQuery::Sort::completedAt ? "completed_at" : "started_at";
  return db::slice<Session>(connection, conditionsOf(query, query.status), db::orderBy(kSorts, sort, query.ascending),
                            paging, db::Total::known(total));
}

std::optional<Session> SessionStore::find(std::string_view sessionId) const {
  return db::row<Session>(db_, "WHERE session_id = :session_id", {{"session_id", sessionId}});
}

std::vector<Record> SessionStore::records(std::string_view sessionId) const {
  return db::rows<Record>(db_, "WHERE session_id = :session_id ORDER BY created_at, id", {{"session_id", sessionId}});
}

std::vector<Record> SessionStore::failedRecords(std::string_view sessionId) const {
  return db::rows<Record>(db_, "WHERE session_id = :session_id AND status = 'failed' ORDER BY created_at, id",
                          {{"session_id", sessionId}});
}

std::vector<std::pair<std::string, std::string>> SessionStore::runningElsewhere(std::string_view serverId) const {
  std::vector<std::pair<std::string, std::string>> sessions;
  db_.each<std::string, std::string>(
      "SELECT session_id, server_id FROM sync_sessions WHERE status = 'running' AND server_id <> :server_id AND run_id "
      "IS NULL",
      {{"server_id", serverId}},
      [&](std::string session, std::string server) { sessions.emplace_back(std::move(session), std::move(server)); });
  return sessions;
}

std::vector<std::string> SessionStore::runningOf(std::string_view serverId) const {
  return db_.query<std::string>(
      "SELECT session_id FROM sync_sessions WHERE status = 'running' AND server_id = :server_id AND run_id IS NULL",
      {{"server_id", serverId}});
}

std::vector<std::string> SessionStore::silentRuns(Time before) const {
  return db_.query<std::string>(
      "SELECT session_id FROM sync_sessions WHERE status = 'running' AND run_id IS NOT NULL AND updated_at < :before",
      {{"before", before}});
}

std::int64_t SessionStore::purge(Time before) const {
  using Kind = std::tuple<std::string, std::string, std::string>;  // type, category, status
  std::int64_t removed = 0;
  for (;;) {
    const auto batch = db_.transaction([&](Connection& connection) {
      std::map<Kind, std::int64_t> kinds;
      std::int64_t sessions = 0;
      connection.each<std::string, std::string, std::string>(
          "DELETE FROM sync_sessions WHERE id IN (SELECT id FROM sync_sessions WHERE status <> 'running' "
          "AND created_at < :before ORDER BY created_at LIMIT :most) RETURNING sync_type, sync_category, status",
          {{"before", before}, {"most", kPurgedAtOnce}},
          [&](std::string type, std::string category, std::string status) {
            ++kinds[{std::move(type), std::move(category), std::move(status)}];
            ++sessions;
          });
      for (const auto& [kind, size] : kinds) {
        const auto& [type, category, status] = kind;
        countSessions(connection, type, category, status, -size);
      }
      return sessions;
    });
    removed += batch;
    if (batch < kPurgedAtOnce) return removed;
  }
}

}  // namespace sync_sessions
