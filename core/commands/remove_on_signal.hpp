// What a command must not leave behind when it is stopped by a signal: a copy of the database, a half-written backup.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mortise::commands {

// Takes the signals of stop_signals.hpp for the process from its construction on, which comes before any other thread is
// started: removes the files and directories that were added, then lets the signal end the process as it would have.
class RemoveOnSignal {
 public:
  RemoveOnSignal();
  ~RemoveOnSignal();
  RemoveOnSignal(const RemoveOnSignal&) = delete;
  RemoveOnSignal& operator=(const RemoveOnSignal&) = delete;

  // Any thread. Calls `make`, which returns a pointer to something with a path(), and adds that path; no signal comes in
  // between. Removed with the rights that the process has now, whatever rights it has then (data_owner.hpp). An empty path
  // is ignored.
  template <class Make>
  auto made(const Make& make) {
    const auto whole = postpone();
    auto leftover = make();
    add(leftover->path());
    return leftover;
  }
  // A signal waits while the lock is held: for steps that must not be cut in the middle.
  std::unique_lock<std::mutex> postpone() { return std::unique_lock(mutex_); }

 private:
  struct Leftover {
    std::string path;
    uid_t user;
    gid_t group;
  };

  void add(const std::string& path);
  void wait();

  sigset_t signals_;
  std::mutex mutex_;
  std::vector<Leftover> leftovers_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace mortise::commands
