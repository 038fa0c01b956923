// What a call on a browser holds from its start to its end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace agent::browser {

// A mutex for which a thread may wait a limited time; for std::unique_lock and std::lock_guard. Not std::timed_mutex: it
// locks with pthread_mutex_clocklock, which the ThreadSanitizer of g++ 12 does not see.
class CallMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return !held_; });
    held_ = true;
  }

  // False: it was held all that time.
  bool try_lock_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_for(lock, time, [this] { return !held_; })) return false;
    held_ = true;
    return true;
  }

  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      held_ = false;
    }
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool held_ = false;
};

}  // namespace agent::browser
