// The threads that read archives: few, and of low priority, so that other requests never wait for them. A handler gives
// its call away to them and holds no worker meanwhile. Users take turns: one with many archives does not hold up the
// others.
#pragma once

#include <mortise/log.hpp>
#include <mortise/reply.hpp>
#include <mortise/request.hpp>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "archives/fair_tasks.hpp"

namespace session_sharing {

// One for the module. [any], but begin() and end().
class ArchiveThreads {
 public:
  // `name`: what the threads are called, by number.
  explicit ArchiveThreads(mortise::Log log, std::string name = "archive");
  ~ArchiveThreads() { end(); }
  ArchiveThreads(const ArchiveThreads&) = delete;
  ArchiveThreads& operator=(const ArchiveThreads&) = delete;

  // In the module's start(), and its stop(): finishes what is being done, drops the rest.
  void begin(std::size_t threads);
  void end();

  // Runs `work`, of the user with that id (empty: of those without an account), on one of the threads. Exactly one of
  // both is called, once; `dropped` when too much waits, in all or of that user (then at once, on the caller's thread),
  // or when end() comes first. Neither may throw.
  void post(const std::string& userId, std::function<void()> work, std::function<void()> dropped);

  // A kept call, for the steps that it goes through.
  using Call = std::shared_ptr<const mortise::PendingCall>;
  // Runs `step` on one of the threads, for a request whose operation says x-mortise-answers: later. The step answers,
  // or hands the call on; what it throws refuses the request, as the SDK does for handlers. It does not run when nobody
  // waits for the answer any more. 503 overloaded when too much waits. [worker]
  void run(const mortise::Request& request, std::function<void(const Call& call)> step);
  // The same for a call that was kept already. [any]
  void run(const Call& call, std::function<void(const Call& call)> step);
  // The same with a step that returns the answer. [worker]
  void answer(const mortise::Request& request, std::function<mortise::Reply(const mortise::Request&)> work);
  // The same for a call that was kept already, on this thread.
  void answerNow(const mortise::PendingCall& call,
                 const std::function<mortise::Reply(const mortise::Request&)>& work) const noexcept;
  // 503: too much waits.
  static void answerOverloaded(const mortise::PendingCall& call);

  std::size_t waiting() const;

 private:
  struct Task {
    std::function<void()> work;
    std::function<void()> dropped;
  };
  void serve(std::size_t number);
  void guarded(const mortise::PendingCall& call, const std::function<void()>& step) const noexcept;

  mortise::Log log_;
  std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  FairTasks<Task> tasks_;
  bool isRunning_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace session_sharing
