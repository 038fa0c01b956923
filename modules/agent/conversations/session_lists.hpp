// The streams of lists of sessions on this server: each gets the whole list at once, every five seconds, and within a
// second when one of its sessions changes.
#pragma once

#include <mortise/events.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/request.hpp>
#include <mortise/stream.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "conversations/session_store.hpp"

namespace agent {

class SessionLists {
 public:
  // `store` must outlive this object. `most`: of one user.
  SessionLists(mortise::Host host, const SessionStore& store, std::int64_t most);
  ~SessionLists() { stop(); }
  SessionLists(const SessionLists&) = delete;
  SessionLists& operator=(const SessionLists&) = delete;

  void start();
  void stop();
  // Of one owner, or everybody's (empty).
  void open(const mortise::Request& request, const std::string& owner);
  // {"sessions":[...]}: what each event is, and the list.
  std::string text(const std::string& owner) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Follower {
    std::string owner;
    std::shared_ptr<mortise::EventStream> stream;  // empty until it is open
    Clock::time_point sentAt{};
    Clock::time_point dueAt{};
  };
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::map<std::uint64_t, Follower> followers;
    std::uint64_t last = 0;
    bool isRunning = false;
  };
  void run();
  void changed(const std::string& owner) const;

  mortise::Events events_;
  mortise::Log log_;
  const SessionStore& store_;
  std::int64_t most_;
  std::shared_ptr<State> state_ = std::make_shared<State>();  // the streams' callbacks hold it, too
  mortise::Subscription changes_;
  std::thread thread_;
};

}  // namespace agent
