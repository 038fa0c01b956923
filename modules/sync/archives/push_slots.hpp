// How many pushes of one user go on at once. Others of that user wait for a while, and hold no thread meanwhile.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace session_sharing {

// Of this server. [any], but begin() and end().
class PushSlots {
 public:
  using Clock = std::chrono::steady_clock;
  // `most` of one user at once; one more waits at most `patience`.
  PushSlots(std::size_t most, Clock::duration patience) : most_(most), patience_(patience) {}
  ~PushSlots() { end(); }
  PushSlots(const PushSlots&) = delete;
  PushSlots& operator=(const PushSlots&) = delete;

  void begin();
  // Refuses all that wait.
  void end();

  // Calls `start` when the user has a slot, at once or later, on this thread or that of a leave(); or `refuse`, on
  // another thread, when none came free in time. One of both, once, neither of which may throw or take long. After
  // start() the slot is taken until leave().
  void enter(const std::string& user, std::function<void()> start, std::function<void()> refuse);
  void leave(const std::string& user);

 private:
  struct Waiting {
    std::function<void()> start;
    std::function<void()> refuse;
    Clock::time_point until;
  };
  struct User {
    std::size_t active = 0;
    std::deque<Waiting> waiting;  // the first one's time is over first
  };
  void watch();
  Clock::time_point nextEnd() const;                                  // under the lock
  std::deque<std::function<void()>> takeOver(Clock::time_point now);  // under the lock

  const std::size_t most_;
  const Clock::duration patience_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, User> users_;
  bool isRunning_ = false;
  std::thread thread_;
};

}  // namespace session_sharing
