// Answers 504 for requests whose handler takes too long. One thread that looks twice a second; a request costs one push
// under a short lock. What it keeps of requests that are over is bounded by what it keeps of those that go on, however
// far away their deadlines are.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace mortise::kernel {

class RequestCall;

class Deadlines {
 public:
  Deadlines();
  ~Deadlines();
  // The call expires at `due` (RequestCall::expired), and is failed with 504 "timeout" when it is still unanswered then.
  void watch(std::weak_ptr<RequestCall> call, std::chrono::steady_clock::time_point due);
  std::size_t size() const;  // requests that are kept

 private:
  struct Entry {
    std::chrono::steady_clock::time_point due;
    std::weak_ptr<RequestCall> call;
    bool operator<(const Entry& other) const { return due > other.due; }  // earliest on top
  };
  void run();

  static constexpr std::size_t kMinQueued = 1024;  // so many are not looked through for requests that are over

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> queue_;  // a heap
  std::size_t lookThroughAt_ = kMinQueued;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mortise::kernel
