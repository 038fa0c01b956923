// The steps that changes of sessions are made of. Each belongs to a transaction that has locked the session's row, in
// this order: the session, numbers of records, counts of sessions.
#pragma once

#include <mortise/counters.hpp>
#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session.hpp"

namespace sync_sessions {

using Connection = mortise::db::Session;  // a session is something else here

// Numbers of sessions ("session") and records ("record"): shown to people, and never given twice.
const mortise::db::Counters& numbers();

struct LockedSession {
  std::string id;
  std::string status;
  std::string category;
};

struct Outcomes {
  std::int64_t total = 0;
  std::int64_t successful = 0;
  std::int64_t failed = 0;
  std::int64_t open = 0;
};

// Locks the session's row to the end of the transaction. Problem 404 sync_session_not_found.
LockedSession lockSession(Connection& connection, std::string_view sessionId, mortise::Time now);
// Adds targets to the session's total.
void grow(Connection& connection, std::string_view sessionId, std::int64_t by);
// Writes the session's counters anew from its records.
Outcomes recount(Connection& connection, std::string_view sessionId);
// An error of the session itself: a failed record of instance 0.
void insertError(Connection& connection, const LockedSession& session, std::string_view message,
                 std::string_view details, mortise::Time now);

// They end a running session and return its end; empty when it had ended before.
// A reason, and targets without an outcome, make it fail and are logged.
std::optional<SessionEnd> finishSession(Connection& connection, const LockedSession& session, std::string_view reason,
                                        mortise::Time now);
// Its process is gone: targets that were being worked on fail with the reason.
std::optional<SessionEnd> abandonSession(Connection& connection, const LockedSession& session, std::string_view reason,
                                         mortise::Time now);
// Nothing but the status. False when no session of that id runs.
bool endSession(Connection& connection, std::string_view sessionId, std::string_view status, mortise::Time now);

// Adds `by` to the number of sessions of this kind. The last lock that a transaction takes.
void countSessions(Connection& connection, std::string_view type, std::string_view category, std::string_view status,
                   std::int64_t by);

// An empty text as NULL.
std::optional<std::string> orNull(std::string_view text);

}  // namespace sync_sessions
