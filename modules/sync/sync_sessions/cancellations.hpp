// Whether a session was cancelled, for code that asks between any two steps.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sync_sessions/session_store.hpp"

namespace sync_sessions {

// Remembers an answer for at most a second; a cancelled session stays cancelled. Notified at once of cancels on this
// server and, through events/1, on others. Any thread.
class Cancellations {
 public:
  Cancellations(const SessionStore& store, mortise::Log log, std::optional<mortise::Events> events)
      : store_(store), log_(log), events_(events) {}

  void start();
  void stop() { subscription_.end(); }

  // True also when the session is gone.
  bool cancelled(std::string_view sessionId);
  // Notifies this server and the others of a cancel.
  void announce(std::string_view sessionId);
  // Removes sessions that no call has asked about for a while.
  void removeOld();

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    bool cancelled = false;
    Clock::time_point readAt;  // from the database
    Clock::time_point askedAt;
  };
  void markCancelled(std::string_view sessionId);

  const SessionStore& store_;
  mortise::Log log_;
  std::optional<mortise::Events> events_;
  mortise::Subscription subscription_;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace sync_sessions
