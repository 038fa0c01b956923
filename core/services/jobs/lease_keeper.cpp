#include "core/services/jobs/lease_keeper.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

#include "core/ops/log.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kMaxPause = 1'000'000;  // microseconds

}  // namespace

void LeaseKeeper::start() {
  thread_ = std::thread([this] { loop(); });
}

void LeaseKeeper::join() {
  if (thread_.joinable()) thread_.join();
}

void LeaseKeeper::wake() {
  awake_ = true;
  wake_.notify_all();
}

void LeaseKeeper::acquire() { acquire(state_.store.runner()); }

// Holds the lock while it reads the jobs: no other work exists then.
void LeaseKeeper::acquire(const StoredRunner& seen) {
  const auto term = state_.lease.takeOver(seen);
  if (!term) return;
  const std::lock_guard lock(state_.mutex);
  auto& plan = state_.plan;
  plan.clear();
  seenRevision_ = state_.store.revision();
  state_.store.each([&plan](StoredJob& job) { plan.put(job); });
  for (const auto& run : state_.active.all()) plan.setRunning(run->job(), state_.active.clockRunsOfJob(run->job()));
  state_.lease.begin(*term);
  log::info("this server starts the jobs", {{"jobs", plan.size()}, {"epoch", term->epoch}});
  state_.timerWake.notify_all();
}

std::optional<std::int64_t> LeaseKeeper::lose() {
  state_.plan.clear();
  return state_.lease.end();
}

void LeaseKeeper::yield(std::int64_t epoch) {
  lose();
  log::warning("another server starts the jobs now", {{"epoch", epoch}});
}

void LeaseKeeper::keep() {
  std::optional<std::int64_t> epoch;
  bool on = false;
  {
    const std::lock_guard lock(state_.mutex);
    if (state_.stopping) return;
    on = state_.enabled;
    if (state_.lease.held()) epoch = state_.lease.epoch();
    if (!on) lose();
  }
  if (!on) {
    if (epoch) state_.lease.release(*epoch);
  } else if (epoch) {
    renew(*epoch);
  } else if (const auto row = state_.lease.takeable()) {
    acquire(*row);
  }
}

void LeaseKeeper::renew(std::int64_t epoch) {
  const auto term = state_.lease.renew(epoch);
  const std::lock_guard lock(state_.mutex);
  if (!state_.lease.held() || state_.lease.epoch() != epoch) return;
  if (term) {
    state_.lease.extend(*term);
  } else {
    yield(epoch);
    // The other server may start the runs of the lost lease again.
    state_.active.stopClockRuns();
  }
  state_.timerWake.notify_all();
}

void LeaseKeeper::takeChanges() {
  std::int64_t since = 0;
  {
    const std::lock_guard lock(state_.mutex);
    if (!state_.lease.held()) return;
    since = seenRevision_;
  }
  for (const auto& job : state_.store.changedSince(since)) {
    state_.apply(job);
    const std::lock_guard lock(state_.mutex);
    seenRevision_ = std::max(seenRevision_, job.revision);
  }
}

void LeaseKeeper::stopRequestedRuns() {
  if (!state_.hasRuns()) return;
  for (const auto& id : state_.store.askedToStop(state_.options.node)) state_.stopRun(id);
}

void LeaseKeeper::loop() {
  ::pthread_setname_np(::pthread_self(), "jobs-lease");
  const auto pause = std::min(kMaxPause, state_.options.lease.count() * 1000 / 5);
  bool failing = false;
  for (;;) {
    try {
      state_.store.beat(state_.options.node, state_.options.boot);
      keep();
      takeChanges();
      stopRequestedRuns();
      if (state_.isRunner()) state_.lease.closeRunsOfSilentServers();
      if (std::exchange(failing, false)) log::info("the lease of the jobs is kept again");
    } catch (const std::exception& error) {
      if (!std::exchange(failing, true)) log::error("the lease of the jobs can't be kept", {{"reason", error.what()}});
    }
    std::unique_lock lock(state_.mutex);
    if (state_.stopping) return;
    if (!std::exchange(awake_, false)) state_.clock.wait(lock, wake_, state_.clock.now() + pause);
    if (state_.stopping) return;
  }
}

}  // namespace mortise::services
