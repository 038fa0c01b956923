// A fixed number of threads behind a bounded queue. For blocking handlers: SQL, hashing, archives.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/fair_queue.hpp"

namespace mortise {

class WorkerPool {
 public:
  // Receives the exception of a task (always set). Runs on the worker; must not throw.
  using OnError = std::function<void(std::exception_ptr)>;

  // `name` is shown by ps and gdb (the first 12 bytes). `niceness` (0 to 19) lets other threads of the machine run
  // first. `awaiting`: how many tasks may be within Awaiting at once, for each Peer. Throws std::system_error when threads
  // can't be started.
  WorkerPool(std::string name, std::size_t threads, std::size_t queueLength, OnError onError, int niceness = 0,
             std::size_t awaiting = 0);
  ~WorkerPool();  // stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Returns false, without running the task, when the queue is full or the pool is stopping. Any thread; never blocks
  // for long.
  bool post(std::function<void()> task);
  // A task of an owner (a client): owners take turns, and each has its share of the queue. When the queue is full, the
  // newest task of the owner with most gives way to one of an owner with fewer, and `dropped` of the former is called, on
  // the thread that posts. Tasks without an owner go first.
  bool post(const std::string& owner, std::function<void()> task, std::function<void()> dropped);
  // Accepts no more tasks, finishes the queued ones, joins. Idempotent; must not be called by a worker of this pool.
  void stop();

  // What a task waits for: the server's own store, or another machine. Neither takes the other's places.
  enum class Peer : std::uint8_t { other, store };

  // The time in which a task waits for another machine: another thread takes the task's place, so that a silent peer does
  // not stop what else the pool has to do. Does nothing outside of the pools that were given a number for it.
  class Awaiting {
   public:
    // Waits for a place as long as `patience` says, without giving the thread's place away. Half of the threads may do so
    // at once, one at least; others are not admitted.
    explicit Awaiting(Peer peer = Peer::other, std::chrono::milliseconds patience = {});
    ~Awaiting();
    Awaiting(const Awaiting&) = delete;
    Awaiting& operator=(const Awaiting&) = delete;
    bool admitted() const { return admitted_; }  // false: as many tasks as may wait already; don't
    std::size_t most() const;  // how many tasks of this pool may wait for such a peer; 0: it does not count them

   private:
    WorkerPool* pool_ = nullptr;
    const Peer peer_;
    bool admitted_ = true;
  };

  std::size_t threads() const { return count_; }
  std::size_t awaiting() const { return awaiting_.load(std::memory_order_relaxed); }  // for both peers
  std::size_t queued() const { return queued_.load(std::memory_order_relaxed); }
  std::size_t inFlight() const { return inFlight_.load(std::memory_order_relaxed); }

 private:
  struct OwnedTask {
    std::function<void()> run, dropped;
  };
  void run(std::size_t index);
  bool beginAwaiting(Peer peer, std::chrono::milliseconds patience);
  void endAwaiting(Peer peer);
  std::size_t& awaitingFor(Peer peer) { return peer == Peer::store ? awaitingStore_ : awaitingOthers_; }
  std::size_t waiting() const { return queue_.size() + owned_.size(); }
  bool queueGrew();  // under the lock; returns whether to wake a worker

  const std::string name_;
  const std::size_t count_;
  const std::size_t limit_;
  const OnError onError_;
  const int niceness_;
  const std::size_t mayAwait_;
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> inFlight_{0};
  std::atomic<std::size_t> awaiting_{0};
  std::mutex mutex_;
  std::condition_variable wake_, place_;
  std::deque<std::function<void()>> queue_;
  FairQueue<OwnedTask> owned_;
  std::size_t idle_ = 0;
  std::size_t active_ = 0;  // tasks at work that wait for no other machine
  std::size_t awaitingOthers_ = 0, awaitingStore_ = 0;
  std::size_t patient_ = 0;  // threads that wait for a place
  bool stopping_ = false;
  std::mutex joining_;
  std::vector<std::thread> workers_;
};

}  // namespace mortise
