#include "archives/archive_threads.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <mortise/db.hpp>
#include <mortise/problem.hpp>

#include <exception>
#include <string>
#include <utility>

namespace session_sharing {
namespace {

using mortise::PendingCall;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using Kind = mortise::db::Error::Kind;

constexpr std::size_t kMaxWaiting = 1000;
constexpr std::size_t kMaxOfOne = 250;
constexpr int kNiceness = 10;
constexpr int kBusySeconds = 2;

// What the SDK makes of an exception of a handler. Only inside a catch block.
Problem currentProblem() {
  try {
    throw;
  } catch (const Problem& problem) {
    return problem;
  } catch (const mortise::db::Error& error) {
    if (error.kind() == Kind::full) return Problem(507, "storage_full").note(error.what());
    if (error.kind() == Kind::unavailable || error.kind() == Kind::serialization)
      return Problem(503, "unavailable").note(error.what()).retryAfter(error.retryAfter() > 1 ? error.retryAfter() : 1);
    return Problem(500, "internal").note(error.what());
  } catch (const std::exception& error) {
    return Problem(500, "internal").note(error.what());
  } catch (...) {
    return Problem(500, "internal").note("threw something that is not a std::exception");
  }
}

}  // namespace

ArchiveThreads::ArchiveThreads(mortise::Log log, std::string name)
    : log_(log), name_(std::move(name)), tasks_(kMaxWaiting, kMaxOfOne) {}

void ArchiveThreads::begin(std::size_t threads) {
  const std::lock_guard lock(mutex_);
  isRunning_ = true;
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { serve(i); });
}

void ArchiveThreads::end() {
  std::vector<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    isRunning_ = false;
    while (auto task = tasks_.take()) dropped.push_back(std::move(*task));
  }
  wake_.notify_all();
  for (const auto& task : dropped) task.dropped();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void ArchiveThreads::post(const std::string& userId, std::function<void()> work, std::function<void()> dropped) {
  Task task{std::move(work), std::move(dropped)};
  {
    const std::lock_guard lock(mutex_);
    if (isRunning_ && tasks_.add(userId, std::move(task))) {
      wake_.notify_one();
      return;
    }
  }
  task.dropped();
}

void ArchiveThreads::serve(std::size_t number) {
  ::pthread_setname_np(::pthread_self(), (name_ + "-" + std::to_string(number % 100)).c_str());
  // Of this thread alone, on Linux. A failure only affects speed.
  static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNiceness));
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return !isRunning_ || tasks_.size() > 0; });
    if (!isRunning_) return;
    auto task = tasks_.take();
    lock.unlock();
    task->work();
    task.reset();  // what it holds goes without the lock
    lock.lock();
  }
}

void ArchiveThreads::run(const Request& request, std::function<void(const Call& call)> step) {
  run(std::make_shared<const PendingCall>(request.later()), std::move(step));
}

void ArchiveThreads::run(const Call& call, std::function<void(const Call& call)> step) {
  const std::string userId = call->request().principal().userId;
  post(
      userId, [this, call, step = std::move(step)] { guarded(*call, [&] { step(call); }); },
      [call] { answerOverloaded(*call); });
}

void ArchiveThreads::answer(const Request& request, std::function<Reply(const Request&)> work) {
  run(request, [work = std::move(work)](const Call& call) { call->answer(work(call->request())); });
}

void ArchiveThreads::answerNow(const PendingCall& call,
                               const std::function<Reply(const Request&)>& work) const noexcept {
  guarded(call, [&] { call.answer(work(call.request())); });
}

void ArchiveThreads::guarded(const PendingCall& call, const std::function<void()>& step) const noexcept {
  try {
    call.request().stopIfExpired();
    step();
  } catch (...) {
    try {
      call.fail(currentProblem());
    } catch (
        const std::exception& error) {  // no memory even for the words: the kernel answers for a call without an answer
      log_.error("a call could not be answered", {{"error", error.what()}});
    }
  }
}

void ArchiveThreads::answerOverloaded(const PendingCall& call) {
  call.fail(Problem(503, "overloaded").retryAfter(kBusySeconds).note("too much waits for the module's threads"));
}

std::size_t ArchiveThreads::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

}  // namespace session_sharing
