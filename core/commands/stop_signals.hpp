// The signals that ask the process to end: SIGTERM, SIGINT, SIGHUP.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace mortise::commands {

// Blocks them for the calling thread and for those that it starts from now on, so that sigwait() gets them. One that is
// ignored already stays ignored and is not in the set: SIGHUP under nohup, SIGINT of a shell's background job. Call it
// before any other thread is started.
sigset_t blockStopSignals();

// From now on one of `signals` ends the process at once. Any thread, for all.
void letEndAtOnce(const sigset_t& signals);

// While it lives, the first of `signals`, which are blocked, calls `then` on a thread of its own, and a second one ends the
// process at once.
class StopWatch {
 public:
  StopWatch(const sigset_t& signals, std::function<void()> then);
  ~StopWatch();
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

  int received() const { return received_.load(); }  // 0: none came

 private:
  std::atomic<int> received_{0};
  std::jthread thread_;
};

}  // namespace mortise::commands
