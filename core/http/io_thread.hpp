// One I/O thread: Pistache's reactor and transport, the task queue, timers and connections. It owns every descriptor of
// its connections; other threads only post closures. No Pistache type appears here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "core/http/listener.hpp"
#include "core/http/server_state.hpp"

namespace mortise::http {

class Connection;
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;

class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  using Task = std::function<void()>;

  explicit IoThread(std::shared_ptr<ServerState> state);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  // [main] The listeners must outlive the thread.
  void start(const std::vector<Listener>& listeners);
  // [main] Cuts every connection, ends the thread, refuses later tasks. Returns the number of connections cut.
  std::size_t stop();

  // [any] Runs `task` on this thread. Once the thread is ending, returns false and destroys the task without running
  // it.
  bool post(Task task);
  bool inThread() const { return current_ == this; }

  // The following: on this thread only.
  ServerState& state() { return *state_; }
  Connection* find(std::uint64_t connectionId);
  void watch(int fd, bool writable);  // re-arms: a socket that is ready already is reported again
  void arm(Connection& connection, TimePoint due);
  void touch(Connection& connection);  // gives it a turn before the thread sleeps
  void bury(Connection& connection);   // removes it at the end of this round, when no event can refer to its fd
  TimePoint now() const { return now_; }
  std::string_view date();  // the Date field's value, computed once a second
  char* readBuffer() { return readBuffer_.get(); }
  static constexpr std::size_t kReadBuffer = 64 << 10;
  std::uint64_t nextRequestNumber() { return ++requestNumber_; }
  std::uint64_t requestSeed() const { return requestSeed_; }
  void stopAccepting();
  void drainConnections();
  // Runs one callback of the application; returns false when it threw (logged). Measures its time when loopWarning is
  // set.
  bool guarded(const char* what, const std::function<void()>& callback);

 private:
  friend class IoTransport;
  struct Reactor;
  struct Timer {
    TimePoint due;
    std::uint64_t connectionId;
    bool operator<(const Timer& other) const { return due > other.due; }  // the heap's top is the earliest
  };
  struct Event {
    int fd;
    bool readable, writable, finished, hungUp;
  };

  void run();
  void round(const std::vector<Event>& events);
  void runTasks();
  void runTimers();
  void armTimerFd();
  void acceptFrom(const Listener& listener);
  void adopt(int fd, const Peer& peer);
  void exhausted(const Listener& listener);
  void finishRound();
  void resumeListening();

  std::shared_ptr<ServerState> state_;
  const std::vector<Listener>* listeners_ = nullptr;
  std::unique_ptr<Reactor> reactor_;
  std::thread thread_;
  int taskFd_ = -1;
  int timerFd_ = -1;
  int spareFd_ = -1;

  std::mutex taskMutex_;
  std::vector<Task> tasks_;
  bool ended_ = false;

  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::vector<Connection*> byFd_;
  std::vector<std::uint64_t> touched_;
  std::vector<std::uint64_t> buried_;
  std::vector<Timer> timers_;
  TimePoint timerArmedFor_ = TimePoint::max();
  TimePoint now_{};
  bool accepting_ = true;
  bool listening_ = true;
  TimePoint listenAgain_ = TimePoint::max();
  std::int64_t dateSecond_ = -1;
  std::string date_;
  std::unique_ptr<char[]> readBuffer_;
  std::uint64_t requestNumber_ = 0;
  std::uint64_t requestSeed_ = 0;
  std::size_t cut_ = 0;

  static thread_local IoThread* current_;
};

}  // namespace mortise::http
