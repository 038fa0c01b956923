// A fixed number of threads behind a bounded first-in-first-out queue. For blocking handlers: SQL, hashing, archives.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace mortise {

class WorkerPool {
 public:
  // Receives the exception of a task (always set). Runs on the worker; must not throw.
  using OnError = std::function<void(std::exception_ptr)>;

  // `name` is shown by ps and gdb (the first 12 bytes). `niceness` (0 to 19) lets other threads of the machine run
  // first. Throws std::system_error when threads can't be started.
  WorkerPool(std::string name, std::size_t threads, std::size_t queueLength, OnError onError, int niceness = 0);
  ~WorkerPool();  // stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Returns false, without running the task, when the queue is full or the pool is stopping. Any thread; never blocks
  // for long.
  bool post(std::function<void()> task);
  // Accepts no more tasks, finishes the queued ones, joins. Idempotent; must not be called by a worker of this pool.
  void stop();

  std::size_t threads() const { return count_; }
  std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }
  std::size_t inFlight() const { return inFlight_.load(std::memory_order_relaxed); }

 private:
  void run(std::size_t index);

  const std::string name_;
  const std::size_t count_;
  const std::size_t limit_;
  const OnError onError_;
  const int niceness_;
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> inFlight_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::mutex joining_;
  std::vector<std::thread> workers_;
};

}  // namespace mortise
