// The thread that starts boxes, moves their bytes and buries them. A box dies with the thread that started it, so this one
// lives as long as the driver.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "box_process.hpp"

namespace agent::sandbox {

class BoxThread {
 public:
  BoxThread();
  // Ends all boxes, and waits until they are gone; five seconds at most.
  ~BoxThread();
  BoxThread(const BoxThread&) = delete;
  BoxThread& operator=(const BoxThread&) = delete;

  // [any]
  void add(std::shared_ptr<BoxProcess> box);
  void wake() const noexcept { wake(*event_); }
  // The same, for boxes that outlive this.
  std::function<void()> waker() const {
    return [event = event_] { wake(*event); };
  }

 private:
  static void wake(const Fd& event) noexcept;
  void run();

  std::shared_ptr<Fd> event_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<BoxProcess>> added_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace agent::sandbox
