#include "core/base/worker_pool.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace mortise {
namespace {

thread_local WorkerPool* poolOfThread = nullptr;
thread_local bool threadAwaits = false;

}  // namespace

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t queueLength, OnError onError, int niceness,
                       std::size_t awaiting)
    : name_(std::move(name)),
      count_(threads == 0 ? 1 : threads),
      limit_(queueLength),
      onError_(std::move(onError)),
      niceness_(niceness),
      mayAwait_(awaiting) {
  workers_.reserve(count_ + 2 * mayAwait_);
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
    if (stopping_ || waiting() >= limit_) return false;
    queue_.push_back(std::move(task));
    wakeOne = queueGrew();
  }
  if (wakeOne) wake_.notify_one();
  return true;
}

bool WorkerPool::post(const std::string& owner, std::function<void()> task, std::function<void()> dropped) {
  std::optional<OwnedTask> gaveWay;
  bool wakeOne = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return false;
    if (waiting() >= limit_) {
      gaveWay = owned_.makeRoomFor(owner);
      if (!gaveWay) return false;
    }
    owned_.push(owner, {std::move(task), std::move(dropped)});
    wakeOne = queueGrew();
  }
  if (wakeOne) wake_.notify_one();
  if (gaveWay) gaveWay->dropped();
  return true;
}

bool WorkerPool::queueGrew() {
  queued_.store(waiting(), std::memory_order_relaxed);
  return idle_ > 0;
}

void WorkerPool::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;  // from now on no thread is started
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
  poolOfThread = this;
  std::unique_lock lock(mutex_);
  while (true) {
    if (waiting() == 0 || active_ >= count_) {
      if (stopping_ && waiting() == 0) {
        wake_.notify_all();  // who waits until fewer are at work
        return;
      }
      ++idle_;
      wake_.wait(lock);
      --idle_;
      continue;
    }
    std::function<void()> task;
    if (queue_.empty()) {
      task = owned_.pop().run;
    } else {
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    queued_.store(waiting(), std::memory_order_relaxed);
    inFlight_.fetch_add(1, std::memory_order_relaxed);
    ++active_;
    lock.unlock();
    try {
      task();
    } catch (...) {
      onError_(std::current_exception());
    }
    task = nullptr;  // frees what the task captured before the next lock
    inFlight_.fetch_sub(1, std::memory_order_relaxed);
    lock.lock();
    --active_;
  }
}

bool WorkerPool::beginAwaiting(Peer peer, std::chrono::milliseconds patience) {
  {
    std::unique_lock lock(mutex_);
    auto& present = awaitingFor(peer);
    if (present >= mayAwait_) {
      if (patience.count() <= 0 || patient_ >= std::max<std::size_t>(count_ / 2, 1)) return false;
      ++patient_;
      const bool room = place_.wait_for(lock, patience, [&] { return present < mayAwait_; });
      --patient_;
      if (!room) return false;
    }
    const std::size_t now = awaiting_.load(std::memory_order_relaxed);
    // A thread that was started once stays: it takes the place of the next task that waits.
    if (!stopping_ && workers_.size() < count_ + now + 1) {
      try {
        workers_.emplace_back([this, index = workers_.size()] { run(index); });
      } catch (const std::system_error&) {
        return false;
      }
    }
    awaiting_.store(now + 1, std::memory_order_relaxed);
    ++present;
    --active_;
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::endAwaiting(Peer peer) {
  {
    const std::lock_guard lock(mutex_);
    awaiting_.fetch_sub(1, std::memory_order_relaxed);
    --awaitingFor(peer);
    ++active_;  // one more than threads() perhaps, until the next task ends
  }
  place_.notify_all();
}

WorkerPool::Awaiting::Awaiting(Peer peer, std::chrono::milliseconds patience) : peer_(peer) {
  if (poolOfThread == nullptr || poolOfThread->mayAwait_ == 0 || threadAwaits) return;
  admitted_ = poolOfThread->beginAwaiting(peer, patience);
  if (!admitted_) return;
  pool_ = poolOfThread;
  threadAwaits = true;
}

WorkerPool::Awaiting::~Awaiting() {
  if (pool_ == nullptr) return;
  threadAwaits = false;
  pool_->endAwaiting(peer_);
}

std::size_t WorkerPool::Awaiting::most() const { return pool_ == nullptr ? 0 : pool_->mayAwait_; }

}  // namespace mortise
