// What servers tell each other of sessions, through events/1. What is lost costs a look at the database, and never an event.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "conversations/session.hpp"

namespace agent {

inline constexpr std::string_view kLiveTopic = "agent.live";        // an event of a session
inline constexpr std::string_view kSessionTopic = "agent.session";  // an item of lists changed
inline constexpr std::string_view kStoppedTopic = "agent.stopped";  // a run lost its session

// An event as it goes between servers.
struct LiveEvent {
  std::string sessionId;
  std::int64_t number = 0;  // of the stored event; of a partial message: of the one that it follows
  EventId id;
  std::string kind;  // of events; "deleted": the session is gone
  bool partial = false;
  std::string data;
};

// In a transaction: after its commit. A failure is logged: followers then find the event in the database. [any]
class LiveEvents {
 public:
  LiveEvents(mortise::Events events, mortise::Log log) : events_(events), log_(log) {}
  void notify(const StoredEvent& event) const;
  void notifyPartial(const LiveEvent& event) const;
  void notifyDeleted(std::string_view sessionId) const;
  void notifySession(const Session& session) const;
  void notifyStopped(std::string_view run) const;
  // Calls `heard` for each event of a session, and when events of any were lost, on a thread of events/1, until the
  // subscription ends.
  mortise::Subscription listen(std::string sessionId, std::function<void()> heard) const;

 private:
  void publish(std::string_view topic, const std::string& payload) const;

  mortise::Events events_;
  mortise::Log log_;
};

// The session that a payload of kLiveTopic is about; empty for what is none.
std::string_view sessionOf(std::string_view payload);
std::optional<LiveEvent> readLiveEvent(std::string_view payload);
// The owner in a payload of kSessionTopic; empty: nobody.
std::string ownerOf(std::string_view payload);

}  // namespace agent
