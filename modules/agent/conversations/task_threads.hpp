// The tasks that run on this server: a thread for each, and one that keeps their leases.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "conversations/session_store.hpp"

namespace agent {

// Whether a task may go on. Copies share one answer. [any]
class StopSign {
 public:
  bool isRaised() const { return raised_->load(std::memory_order_relaxed); }
  void raise() const { raised_->store(true, std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> raised_ = std::make_shared<std::atomic<bool>>(false);
};

class TaskThreads {
 public:
  // Does one task to its end; throws nothing.
  using Work = std::function<void(const StopSign& stop)>;
  struct Options {
    std::int64_t most = 32;
    std::chrono::milliseconds lease{30000};
  };
  // Room for one task; released when it is destroyed, or when the task has ended.
  class Place {
   public:
    Place() = default;
    explicit Place(TaskThreads* threads) : threads_(threads) {}
    Place(Place&& other) noexcept : threads_(std::exchange(other.threads_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(threads_, other.threads_);
      return *this;
    }
    ~Place() {
      if (threads_ != nullptr) threads_->release();
    }
    explicit operator bool() const { return threads_ != nullptr; }

   private:
    TaskThreads* threads_ = nullptr;
  };

  TaskThreads(mortise::Host host, const SessionStore& store, Options options);
  ~TaskThreads() { stop(); }
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  // New with each start of the process.
  const std::string& server() const { return server_; }
  mortise::Time leaseEnd() const { return mortise::now() + options_.lease; }

  void start();
  // Stops every task and waits for their threads.
  void stop();

  // Empty: there is no room, or the server stops.
  Place reserve();
  void run(Place place, const std::string& run, Work work);
  // A run that lost its session. Nothing when it is none of this server's.
  void cancel(std::string_view run);

 private:
  struct Task {
    StopSign stop;
    std::thread thread;
    bool ended = false;
  };
  void release();
  void keepLeases();
  void join(std::unique_lock<std::mutex>& lock);  // the threads that have ended

  const SessionStore& store_;
  mortise::Events events_;
  mortise::Log log_;
  mortise::Gauge running_;
  Options options_;
  std::string server_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, Task, std::less<>> tasks_;  // by run
  std::int64_t taken_ = 0;
  bool isRunning_ = false;
  mortise::Subscription stopped_;
  std::thread keeper_;
};

}  // namespace agent
