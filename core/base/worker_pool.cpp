#include "core/base/worker_pool.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <utility>

namespace mortise {

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t queueLength, OnError onError, int niceness)
    : name_(std::move(name)),
      count_(threads == 0 ? 1 : threads),
      limit_(queueLength),
      onError_(std::move(onError)),
      niceness_(niceness) {
  workers_.reserve(count_);
  try {
    for (std::size_t i = 0; i < count_; ++i) workers_.emplace_back([this, i] { run(i); });
  } catch (...) {
    stop();
    throw;
  }
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::post(std::function<void()> task) {
  bool wakeOne = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= limit_) return false;
    queue_.push_back(std::move(task));
    queued_.store(queue_.size(), std::memory_order_relaxed);
    wakeOne = idle_ > 0;
  }
  if (wakeOne) wake_.notify_one();
  return true;
}

void WorkerPool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  std::lock_guard lock(joining_);
  for (std::thread& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
}

void WorkerPool::run(std::size_t index) {
  ::pthread_setname_np(::pthread_self(), (name_.substr(0, 12) + "-" + std::to_string(index % 100)).c_str());
  // On Linux each thread has its own niceness, and 0 names the calling thread. A failure only affects speed, so it is
  // ignored.
  if (niceness_ > 0) static_cast<void>(::setpriority(PRIO_PROCESS, 0, niceness_));
  std::unique_lock lock(mutex_);
  while (true) {
    if (queue_.empty()) {
      if (stopping_) return;
      ++idle_;
      wake_.wait(lock);
      --idle_;
      continue;
    }
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    queued_.store(queue_.size(), std::memory_order_relaxed);
    inFlight_.fetch_add(1, std::memory_order_relaxed);
    lock.unlock();
    try {
      task();
    } catch (...) {
      onError_(std::current_exception());
    }
    task = nullptr;  // frees what the task captured before the next lock
    inFlight_.fetch_sub(1, std::memory_order_relaxed);
    lock.lock();
  }
}

}  // namespace mortise
