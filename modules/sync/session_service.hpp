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
#include "servers.hpp"
#include "session_store.hpp"

namespace sync_sessions {

// Checks what it is given, keeps the record, counts and logs. Problems as of SessionStore, and 422 sync_invalid. While
// a session of this process runs, a thread says every few seconds that the process lives. [worker] [start]
class SessionService {
 public:
  explicit SessionService(mortise::Host host);
  void start();
  // Closes as failed what this process still runs.
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
  // False when there is none that runs. `by`: a user, or empty for a module.
  bool cancel(std::string_view sessionId, std::string_view by);
  bool cancelled(std::string_view sessionId) { return cancellations_.cancelled(sessionId); }

  const SessionStore& store() const { return store_; }

  // Closes as failed what servers left running that are gone; returns how many.
  std::int64_t closeAbandoned();
  std::int64_t purge();

 private:
  void ended(const SessionStore::Ended& outcome);
  void abandon(std::string_view sessionId, std::string_view reason);
  void beatWhileWorking();

  mortise::Log log_;
  SessionStore store_;
  Servers servers_;
  Cancellations cancellations_;
  std::int64_t deadAfter_;  // microseconds
  std::int64_t retention_;  // microseconds
  mortise::Counter opened_;
  std::map<std::string, mortise::Counter, std::less<>> endedBy_;
  mortise::Counter completedTargets_;
  mortise::Counter failedTargets_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool beating_ = false;  // something of this process may run
  std::thread beats_;
};

}  // namespace sync_sessions
