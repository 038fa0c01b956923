// Whether a session was cancelled, for those who ask between any two steps.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "session_store.hpp"

namespace sync_sessions {

// Keeps what it learnt for at most a second; what is cancelled stays cancelled. Told at once of cancels on this server
// and, through events/1, on others. Any thread.
class Cancellations {
 public:
  Cancellations(const SessionStore& store, mortise::Log log, std::optional<mortise::Events> events)
      : store_(store), log_(log), events_(events) {}

  void start();
  void stop() { subscription_.end(); }

  // True also when the session is gone.
  bool cancelled(std::string_view sessionId);
  // Tells everybody that it is.
  void announce(std::string_view sessionId);
  // Lets go of sessions that nobody has asked about for a while.
  void forgetOld();

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    bool cancelled = false;
    Clock::time_point learnt;
    Clock::time_point asked;
  };
  void keep(std::string_view sessionId);

  const SessionStore& store_;
  mortise::Log log_;
  std::optional<mortise::Events> events_;
  mortise::Subscription subscription_;
  std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace sync_sessions
