#include "conversations/task_threads.hpp"

#include <mortise/host.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <set>
#include <vector>

#include "conversations/live_events.hpp"

namespace agent {
namespace {

using Clock = std::chrono::steady_clock;

// How late a task learns that it lost its session when the event that says so is lost.
constexpr std::chrono::seconds kLook{1};

}  // namespace

TaskThreads::TaskThreads(mortise::Host host, const SessionStore& store, Options options)
    : store_(store),
      events_(host.events()),
      log_(host.log()),
      running_(host.metrics().gauge("tasks_running", "Tasks that this server runs")),
      options_(options),
      server_(mortise::makeUuid()) {}

void TaskThreads::start() {
  {
    const std::lock_guard lock(mutex_);
    isRunning_ = true;
  }
  stopped_ = events_.subscribe(kStoppedTopic, [this](const mortise::Event& event) { cancel(event.payload); });
  keeper_ = std::thread([this] { keepLeases(); });
}

void TaskThreads::stop() {
  stopped_.end();
  std::unique_lock lock(mutex_);
  isRunning_ = false;
  for (const auto& [run, task] : tasks_) task.stop.raise();
  wake_.notify_all();
  wake_.wait(lock, [&] {
    return std::all_of(tasks_.begin(), tasks_.end(), [](const auto& each) { return each.second.ended; });
  });
  join(lock);
  lock.unlock();
  if (keeper_.joinable()) keeper_.join();
}

TaskThreads::Place TaskThreads::reserve() {
  const std::lock_guard lock(mutex_);
  if (!isRunning_ || taken_ >= options_.most) return {};
  ++taken_;
  running_.set(taken_);
  return Place(this);
}

void TaskThreads::release() {
  const std::lock_guard lock(mutex_);
  --taken_;
  running_.set(taken_);
}

void TaskThreads::run(Place place, const std::string& run, Work work) {
  // Where no thread can be made the work is dropped while the lock is held, which releasing the place takes.
  const auto slot = std::make_shared<Place>(std::move(place));
  std::unique_lock lock(mutex_);
  join(lock);
  auto& task = tasks_[run];
  if (!isRunning_) task.stop.raise();
  try {
    task.thread = std::thread([this, run, work = std::move(work), stop = task.stop, slot] {
      work(stop);
      *slot = {};
      const std::lock_guard ending(mutex_);
      tasks_.at(run).ended = true;
      wake_.notify_all();
    });
  } catch (...) {
    tasks_.erase(run);
    throw;
  }
  wake_.notify_all();
}

void TaskThreads::cancel(std::string_view run) {
  const std::lock_guard lock(mutex_);
  if (const auto at = tasks_.find(run); at != tasks_.end()) at->second.stop.raise();
}

void TaskThreads::join(std::unique_lock<std::mutex>& lock) {
  std::vector<std::thread> ended;
  for (auto at = tasks_.begin(); at != tasks_.end();) {
    if (!at->second.ended) {
      ++at;
      continue;
    }
    ended.push_back(std::move(at->second.thread));
    at = tasks_.erase(at);
  }
  lock.unlock();  // a thread that ended holds the lock a moment longer
  for (auto& thread : ended) thread.join();
  lock.lock();
}

void TaskThreads::keepLeases() {
  auto renewed = Clock::now();
  for (;;) {
    std::set<std::string> mine;
    {
      std::unique_lock lock(mutex_);
      const auto isBusy = [&] {
        return std::any_of(tasks_.begin(), tasks_.end(), [](const auto& each) { return !each.second.ended; });
      };
      if (!isBusy()) {
        wake_.wait(lock, [&] { return !isRunning_ || isBusy(); });
        renewed = Clock::now();  // the task that woke this thread has a new lease
      }
      // After the stop the tasks that still end keep their leases.
      if (!isRunning_ && !isBusy()) return;
      for (const auto& [run, task] : tasks_) {
        if (!task.ended) mine.insert(run);
      }
    }
    try {
      if (Clock::now() - renewed >= options_.lease / 3) {
        store_.renew(server_, mine, leaseEnd());
        renewed = Clock::now();
      }
      const auto held = store_.runsOf(server_);
      const std::set<std::string> known(held.begin(), held.end());
      for (const auto& run : mine) {
        if (!known.contains(run)) cancel(run);
      }
    } catch (const std::exception& error) {
      log_.warning("the leases of tasks could not be renewed", {{"reason", error.what()}});
      // Others may take the sessions from now on.
      if (Clock::now() - renewed >= options_.lease) {
        for (const auto& run : mine) cancel(run);
      }
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::min<Clock::duration>(kLook, options_.lease / 3), [&] {
      return !isRunning_ &&
             std::all_of(tasks_.begin(), tasks_.end(), [](const auto& each) { return each.second.ended; });
    });
  }
}

}  // namespace agent
