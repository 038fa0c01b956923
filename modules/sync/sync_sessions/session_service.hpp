// What can be done with sessions, for every face: the HTTP operations, the interface for modules, and the jobs.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/served.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sync_sessions/cancellations.hpp"
#include "sync_sessions/run_sessions.hpp"
#include "sync_sessions/servers.hpp"
#include "sync_sessions/session_store.hpp"

namespace sync_sessions {

// What a module opens a session with.
struct SessionRequest {
  std::string type;
  std::string category;        // empty: account
  std::int64_t createdBy = 0;  // a user's number; 0: nobody
};

// [interface]
// Checks its arguments, stores, counts and logs. Problems as of SessionStore, 409 sync_session_ended, and 422
// sync_invalid. While a session of this process runs, a thread records every few seconds that the process lives.
// [worker] [start]
class SessionService : public mortise::Serving {
 public:
  explicit SessionService(mortise::Host host);

  // The functions of sync.sessions/1.
  mortise::FixedText<37> open(const SessionRequest& request);
  std::vector<std::int64_t> addTargets(std::string_view sessionId, const std::vector<Target>& targets);
  void start(std::int64_t recordId);
  void progress(std::int64_t recordId, const Counters& counters);
  void complete(std::int64_t recordId, const Counters& counters, std::string_view details);
  void fail(std::int64_t recordId, std::string_view message, std::string_view details);
  void logError(std::string_view sessionId, std::string_view message, std::string_view details);
  void finish(std::string_view sessionId, std::string_view reason);
  void cancel(std::string_view sessionId);
  bool cancelled(std::string_view sessionId);
  Session read(std::string_view sessionId);
  // [/interface]

  // A cancel by a user. False when no session of that id runs. Of a session that a run of a job reports into, the run
  // is asked to stop.
  bool cancelFor(std::string_view sessionId, std::string_view userId);

  const SessionStore& store() const { return store_; }
  // What runs of jobs have reported by now is in the store after it, unless it ends early by `enough`.
  void catchUp(const std::function<bool()>& enough) noexcept { runs_.tryToCatchUp(enough); }

  // Begins to follow the runs of jobs, and closes what earlier processes left running.
  void begin();
  // Closes the running sessions of this process as failed.
  void end();
  // Takes what runs have reported, and closes the running sessions of servers that are gone as failed; returns how
  // many.
  std::int64_t closeAbandoned();
  // Removes sessions past their retention, and servers without sessions; returns how many sessions.
  std::int64_t purge();

 private:
  bool cancelRunning(std::string_view sessionId);
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
