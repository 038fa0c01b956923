// The thread that starts boxes, moves their bytes and buries them. A box dies with the thread that started it, so this one
// lives as long as the driver.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "box_process.hpp"
#include "wake_up.hpp"

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
  void wake() const noexcept { wake_->call(); }
  // The same, for boxes that outlive this.
  std::function<void()> waker() const {
    return [wake = wake_] { wake->call(); };
  }

 private:
  void run();

  const std::shared_ptr<const WakeUp> wake_ = std::make_shared<const WakeUp>();
  std::mutex mutex_;
  std::vector<std::shared_ptr<BoxProcess>> added_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace agent::sandbox
