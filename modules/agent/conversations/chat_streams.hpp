// The streams of sessions that clients hold open on this server. Each has a place in its session's events: what is told
// through events/1 goes out at once where it is the next one, and what lies between is read from the database; so that a
// lost event costs a look, and never an event, and no event goes out twice.
#pragma once

#include <mortise/events.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/request.hpp>
#include <mortise/stream.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "conversations/conversations.hpp"
#include "conversations/live_events.hpp"

namespace agent {

class ChatStreams {
 public:
  // Where a stream begins.
  struct Place {
    std::int64_t number = 0;  // the last stored event that the client has
    EventId id;               // the last event, stored or partial
    bool isOwner = false;     // what goes out counts as read
  };

  // `conversations` must outlive this object.
  ChatStreams(mortise::Host host, Conversations& conversations);
  ~ChatStreams() { stop(); }
  ChatStreams(const ChatStreams&) = delete;
  ChatStreams& operator=(const ChatStreams&) = delete;

  void start();
  void stop();

  // Answers `request` with the session's events behind `place`.
  void open(const mortise::Request& request, const std::string& sessionId, const Place& place);

 private:
  using Clock = std::chrono::steady_clock;
  struct Follower {
    std::string sessionId;
    bool isOwner = false;
    std::mutex mutex;  // of what follows; held while events go out
    std::shared_ptr<mortise::EventStream> stream;
    std::int64_t number = 0;
    EventId id;
    EventId taskStart;
    bool isBehind = true;   // the database has what comes next
    std::int64_t told = 0;  // the newest number that was told meanwhile
    bool isEnded = false;
    std::atomic<Clock::time_point> heardAt{};  // something went out, or was looked for; without the mutex
  };
  using FollowerPtr = std::shared_ptr<Follower>;
  // What the callbacks of streams hold, too: they may come after this object is gone.
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::map<std::uint64_t, FollowerPtr> followers;
    std::multimap<std::string, std::uint64_t, std::less<>> bySession;
    std::set<std::uint64_t> due;  // have something to read
    std::set<std::string> left;   // sessions whose last follower went
    std::uint64_t last = 0;
    bool isRunning = false;
  };

  void take(const mortise::Event& event);
  void run();
  void catchUp(std::uint64_t key, const FollowerPtr& follower);
  void keepAttachments();
  std::vector<std::pair<std::uint64_t, FollowerPtr>> followersOf(std::string_view sessionId) const;
  void due(std::uint64_t key) const;
  void end(std::uint64_t key, const FollowerPtr& follower) const;
  static void remove(const std::shared_ptr<State>& state, std::uint64_t key);
  // With the follower's mutex. False: it has to catch up.
  static bool send(Follower& follower, std::int64_t number, EventId id, std::string_view kind, bool partial,
                   std::string_view data);

  mortise::Events events_;
  mortise::Log log_;
  mortise::Gauge open_;
  mortise::Counter caughtUp_;
  Conversations& conversations_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  mortise::Subscription live_;
  std::thread thread_;
  Clock::time_point attachedAt_{};
};

}  // namespace agent
