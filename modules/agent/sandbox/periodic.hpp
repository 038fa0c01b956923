// A thread that does something again and again until its owner goes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace agent::sandbox {

class Periodic {
 public:
  Periodic() = default;
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;
  ~Periodic() { stop(); }

  void start(std::chrono::milliseconds every, std::function<void()> work) {
    thread_ = std::thread([this, every, work = std::move(work)] {
      std::unique_lock lock(mutex_);
      while (!stops_.wait_for(lock, every, [this] { return stopping_; })) {
        lock.unlock();
        work();
        lock.lock();
      }
    });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stops_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable stops_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace agent::sandbox
