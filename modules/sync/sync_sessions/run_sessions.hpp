// Follows what runs of jobs report, and shows it as sessions. The kernel and the modules that report know nothing of
// sessions (docs/decisions/0016).
#pragma once

#include <mortise/events.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/scheduler.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sync_sessions/run_session_store.hpp"

namespace sync_sessions {

// Thread-safe; every function but cancel() may write to the database. [worker] [start]
class RunSessions {
 public:
  // `changed` is told of each change; it may be called on any thread that catches up.
  RunSessions(mortise::Host host, mortise::Log log, std::function<void(const RunSessionStore::Change&)> changed);

  // Listens from now on; catchUp() brings what was reported while the module was not there.
  void start();
  void stop() noexcept;

  // Takes what was reported since the last time; one look-up when there is nothing. Ends early once `enough`, which may
  // be empty. Throws what the database and the job engine throw.
  void catchUp(const std::function<bool()>& enough);
  // The same, for whom sessions that are a little older will do: a failure is logged.
  void tryToCatchUp(const std::function<bool()>& enough) noexcept;

  // Asks the run to stop, wherever it goes on. A failure is logged.
  void cancel(const std::string& runId) const noexcept;

 private:
  mortise::Scheduler scheduler_;
  std::optional<mortise::Events> events_;
  mortise::Log log_;
  RunSessionStore store_;
  std::function<void(const RunSessionStore::Change&)> changed_;
  mortise::Subscription subscription_;
  std::atomic<std::int64_t> revision_{0};  // all up to here was taken, by this server or another
};

}  // namespace sync_sessions
