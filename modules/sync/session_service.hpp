// What can be done with sessions, for every face: the HTTP operations, the interface for modules, and the jobs.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cancellations.hpp"
#include "run_sessions.hpp"
#include "servers.hpp"
#include "session_store.hpp"

namespace sync_sessions {

// Checks its arguments, stores, counts and logs. Problems as of SessionStore, and 422 sync_invalid. While a session of
// this process runs, a thread records every few seconds that the process lives. [worker] [start]
class SessionService {
 public:
  explicit SessionService(mortise::Host host);
  void start();
  // Closes the running sessions of this process as failed.
  void stop();

  std::string open(std::string_view type, std::string_view category, std::int64_t createdBy);
  std::vector<std::int64_t> addTargets(std::string_view sessionId, const std::vector<Target>& targets);
  void start(std::int64_t recordId);
  void progress(std::int64_t recordId, const Counters& counters);
  void complete(std::int64_t recordId, const Counters& counters, std::string_view details);
  void fail(std::int64_t recordId, std::string_view message, std::string_view details);
  void logError(std::string_view sessionId, std::string_view message, std::string_view details);
  // False when it had ended before.
  bool finish(std::string_view sessionId, std::string_view reason);
  // False when no session of that id runs. `by`: a user, or empty for a module. The run of a job that reports into the
  // session is asked to stop.
  bool cancel(std::string_view sessionId, std::string_view by);
  bool cancelled(std::string_view sessionId) { return cancellations_.cancelled(sessionId); }

  const SessionStore& store() const { return store_; }
  // What runs of jobs have reported by now is in the store after it.
  void catchUp() noexcept { runs_.tryToCatchUp(); }

  // Takes what runs have reported, and closes the running sessions of servers that are gone as failed; returns how many.
  std::int64_t closeAbandoned();
  // Removes sessions past their retention, and servers without sessions; returns how many sessions.
  std::int64_t purge();

 private:
  void ended(const SessionStore::Ended& outcome);
  void runChanged(const RunSessionStore::Change& change);
  void abandon(std::string_view sessionId, std::string_view reason);
  void beatWhileWorking();

  mortise::Log log_;
  SessionStore store_;
  Servers servers_;
  Cancellations cancellations_;
  std::chrono::milliseconds deadAfter_;
  std::chrono::milliseconds retention_;
  mortise::Counter opened_;
  std::map<std::string, mortise::Counter, std::less<>> endedBy_;
  mortise::Counter completedTargets_;
  mortise::Counter failedTargets_;
  RunSessions runs_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool beating_ = false;  // a session of this process may run
  std::thread beats_;
};

}  // namespace sync_sessions
