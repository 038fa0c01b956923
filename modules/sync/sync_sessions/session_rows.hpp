// The steps that changes of sessions are made of. Each belongs to a transaction that has locked the session's row, in
// this order: the session, numbers of records, counts of sessions.
#pragma once

#include <mortise/counters.hpp>
#include <mortise/db.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sync_sessions/session.hpp"

namespace sync_sessions {

using Connection = mortise::db::Session;  // a session is something else here

// Numbers of sessions ("session") and records ("record"): shown to people, and never given twice.
const mortise::db::Counters& numbers();

// How many targets a session has, and how many of them have an outcome.
struct Outcomes {
  std::int64_t total = 0;
  std::int64_t successful = 0;
  std::int64_t failed = 0;

  std::int64_t open() const { return total - successful - failed; }
};

struct LockedSession {
  std::string id;
  std::string status;
  std::string category;
  Outcomes outcomes;
};

mortise::Problem sessionNotFound();  // 404 sync_session_not_found
mortise::Problem sessionEnded();     // 409 sync_session_ended

// Locks the session's row to the end of the transaction. Problem 404 sync_session_not_found.
LockedSession lockSession(Connection& connection, std::string_view sessionId, mortise::Time now);
// What a record of this status adds to its session's counters.
Outcomes outcomesOf(std::string_view recordStatus);
// Adds to the session's counters. They change with each record, so that no change has to look at all of them.
void count(Connection& connection, LockedSession& session, const Outcomes& by);
// The same for a record whose status changes.
void count(Connection& connection, LockedSession& session, std::string_view from, std::string_view to);
// An error of the session itself: a failed record of instance 0.
void insertError(Connection& connection, LockedSession& session, std::string_view message, std::string_view details,
                 mortise::Time now);

// They end a running session and return its end; empty when it had ended before.
// A reason, and targets without an outcome, make it fail and are logged.
std::optional<SessionEnd> finishSession(Connection& connection, LockedSession& session, std::string_view reason,
                                        mortise::Time now);
// Its process is gone: targets that were being worked on fail with the reason.
std::optional<SessionEnd> abandonSession(Connection& connection, LockedSession& session, std::string_view reason,
                                         mortise::Time now);
// Nothing but the status.
std::optional<SessionEnd> endSession(Connection& connection, std::string_view sessionId, std::string_view status,
                                     mortise::Time now);

// Adds `by` to the number of sessions of this kind. The last lock that a transaction takes.
void countSessions(Connection& connection, std::string_view type, std::string_view category, std::string_view status,
                   std::int64_t by);

}  // namespace sync_sessions
