// Answers 504 for requests whose handler takes too long. One thread that looks twice a second; a request costs one push
// under a short lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace mortise::kernel {

class RequestCall;

class Deadlines {
 public:
  Deadlines();
  ~Deadlines();
  // The call is failed with 504 "timeout" when it is still unanswered at `due`.
  void watch(std::weak_ptr<RequestCall> call, std::chrono::steady_clock::time_point due);

 private:
  struct Entry {
    std::chrono::steady_clock::time_point due;
    std::weak_ptr<RequestCall> call;
    bool operator<(const Entry& other) const { return due > other.due; }  // earliest on top
  };
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::priority_queue<Entry> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mortise::kernel
