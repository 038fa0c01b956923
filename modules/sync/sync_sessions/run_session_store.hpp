// The sessions of runs in the database: one of each run of a job that reported something, which follows the reports and
// ends with the run.
#pragma once

#include <mortise/db.hpp>
#include <mortise/scheduler.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sync_sessions/session.hpp"

namespace sync_sessions {

// [worker] [start]
class RunSessionStore {
 public:
  // Targets of one take() at most.
  static constexpr std::int64_t kMaxTargets = 500;

  explicit RunSessionStore(mortise::Db db) : db_(db) {}

  // What a run's reports changed.
  struct Change {
    std::string sessionId;
    bool isNew = false;
    std::int64_t completed = 0;  // outcomes of targets
    std::int64_t failed = 0;
    std::optional<SessionEnd> ended;
    bool goesOnCancelled = false;  // the session is cancelled and its run goes on: it is to stop
  };

  // Reports up to this revision are in the sessions.
  std::int64_t revision() const;
  // Brings the run's session up to its reports, and revision() up to theirs, in one transaction. What lies at or before
  // revision() is left out, since another server has taken it; empty when that is all.
  std::optional<Change> take(const mortise::ReportedRun& reported, mortise::Time now) const;

 private:
  mortise::Db db_;
};

// The reason why the session of a run that ended has ended, too; empty when its records say it. Plain C++.
std::string reasonOf(const mortise::JobRunRecord& run, std::int64_t openTargets, std::int64_t failedTargets);
// Details of a report as a record has them: with "version": 1. Plain C++.
std::string detailsFrom(const std::string& reported);

}  // namespace sync_sessions
