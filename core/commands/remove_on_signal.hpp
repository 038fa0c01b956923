// What a command must not leave behind when it is stopped by a signal: a copy of the database, a half-written backup.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mortise::commands {

// Takes SIGTERM, SIGINT and SIGHUP for the process from its construction on, which comes before any other thread is
// started: removes the files and directories that were added, then lets the signal end the process as it would have.
class RemoveOnSignal {
 public:
  RemoveOnSignal();
  ~RemoveOnSignal();
  RemoveOnSignal(const RemoveOnSignal&) = delete;
  RemoveOnSignal& operator=(const RemoveOnSignal&) = delete;

  // Any thread. An empty path is ignored.
  void add(const std::string& path);
  // A signal waits while the lock is held: for steps that must not be cut in the middle.
  std::unique_lock<std::mutex> postpone() { return std::unique_lock(mutex_); }

 private:
  void wait();

  std::mutex mutex_;
  std::vector<std::string> paths_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace mortise::commands
