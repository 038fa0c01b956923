// The tables of sessions and records, and the states they go through. Every change of a record happens with its
// session's row locked, so that the counters are always those of the records; every change of a session's status
// changes the counts of sessions in the same transaction.
#pragma once

#include <mortise/db.hpp>
#include <mortise/slice.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync_sessions/session.hpp"
#include "sync_sessions/session_list.hpp"

namespace sync_sessions {

// Problem: 404 sync_session_not_found, sync_record_not_found; 409 sync_session_ended; 422 sync_record_finished,
// sync_record_not_started. [worker] [start]
class SessionStore {
 public:
  explicit SessionStore(mortise::Db db) : db_(db) {}

  struct NewSession {
    std::string type;
    std::string category;
    std::optional<std::int64_t> createdBy;
    std::string serverId;
  };
  using Ended = std::optional<SessionEnd>;  // empty when the change ended no session

  // Returns the session's UUID.
  std::string open(const NewSession& session, mortise::Time now) const;
  // Returns the numbers of the records, in the order of the targets.
  std::vector<std::int64_t> addTargets(std::string_view sessionId, const std::vector<Target>& targets,
                                       mortise::Time now) const;
  void start(std::int64_t recordId, mortise::Time now) const;
  void progress(std::int64_t recordId, const Counters& counters) const;
  Ended complete(std::int64_t recordId, const Counters& counters, std::string_view details, mortise::Time now) const;
  Ended fail(std::int64_t recordId, std::string_view message, std::string_view details, mortise::Time now) const;
  void logError(std::string_view sessionId, std::string_view message, std::string_view details,
                mortise::Time now) const;
  // Empty when it had ended before. A reason, and targets without an outcome, make it fail and are logged.
  Ended finish(std::string_view sessionId, std::string_view reason, mortise::Time now) const;
  // The same for work whose process is gone: targets that were being worked on fail with the reason.
  Ended abandon(std::string_view sessionId, std::string_view reason, mortise::Time now) const;
  // Empty when no session of that id runs.
  Ended cancel(std::string_view sessionId, mortise::Time now) const;

  // A page with the total. Costs the same however many sessions there are, but for what `paging` passes over.
  mortise::db::Slice<Session> list(const ListQuery& query, const mortise::Paging& paging) const;
  std::optional<Session> find(std::string_view sessionId) const;
  // In the order they were created.
  std::vector<Record> records(std::string_view sessionId) const;
  std::vector<Record> failedRecords(std::string_view sessionId) const;

  // Running sessions of other servers, as (session, server). Neither here nor below: sessions of runs.
  std::vector<std::pair<std::string, std::string>> runningElsewhere(std::string_view serverId) const;
  std::vector<std::string> runningOf(std::string_view serverId) const;
  // Running sessions of runs of which nothing came since `before`.
  std::vector<std::string> silentRuns(mortise::Time before) const;
  // Removes ended sessions that were opened before `before`, with their records; returns how many.
  std::int64_t purge(mortise::Time before) const;

 private:
  mortise::Db db_;
};

}  // namespace sync_sessions
