#include "core/services/jobs/job_timer.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

#include "core/ops/log.hpp"
#include "core/services/jobs/lease_keeper.hpp"
#include "core/services/jobs/run_workers.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;

}  // namespace

void JobTimer::start() {
  thread_ = std::thread([this] { loop(); });
}

void JobTimer::join() {
  if (thread_.joinable()) thread_.join();
}

void JobTimer::noteTime() {
  const auto step = clockWatch_.setBack();
  if (step == 0) return;
  checkDueTimes_ = true;
  log::warning("the clock was set back", {{"seconds", step / kSecond}});
}

bool JobTimer::mayClaim() const {
  return state_.lease.held() && state_.enabled && !state_.stopping && state_.clock.monotonic() >= retryAt_ &&
         state_.active.waiting() < kMaxWaitingRuns &&
         (!state_.options.shared || state_.clock.monotonic() < state_.lease.validUntil());
}

// Claims everything that is due, as far as there is room for its runs.
std::vector<Claim> JobTimer::takeDue(std::int64_t now) {
  auto claims = state_.plan.takeDue(now, kMaxWaitingRuns - state_.active.waiting());
  for (auto& claim : claims) {
    if (claim.run) claim.run = state_.newRun(claim.jobId, claim.run->dueAt, now);
  }
  return claims;
}

bool JobTimer::claimAndStart(std::vector<Claim> claims, std::int64_t epoch) {
  try {
    state_.store.claim(claims, state_.options.node, epoch);
  } catch (const std::exception& error) {
    log::error("jobs that are due can't be started; trying again in a second", {{"reason", error.what()}});
    const std::lock_guard lock(state_.mutex);
    retryAt_ = state_.clock.monotonic() + kSecond;
    for (auto& claim : claims) {
      claim.claimed = false;  // rolled back
      state_.plan.settle(claim);
    }
    return false;
  }
  std::vector<std::string> starting;
  std::vector<const Claim*> refused;
  {
    const std::lock_guard lock(state_.mutex);
    for (const auto& claim : claims) {
      auto* job = state_.plan.settle(claim);
      if (!claim.claimed) {
        refused.push_back(&claim);
      } else if (claim.run) {
        if (auto id = workers_.add(claim, job); !id.empty()) starting.push_back(std::move(id));
      }
    }
  }
  for (const auto& id : starting) workers_.post(id);
  for (const auto* claim : refused) lookAgain(*claim);
  return true;
}

// Handles a claim that the database refused: another server changed or removed the job, or holds the lease.
void JobTimer::lookAgain(const Claim& claim) {
  try {
    const auto stored = state_.store.find(claim.jobId);
    if (!stored || stored->removed) return state_.forget(claim.jobId);
    if (stored->nextRun != claim.due || stored->paused) return state_.apply(*stored);
    const std::lock_guard lock(state_.mutex);
    if (!state_.lease.held()) return;
    if (!state_.options.shared) {
      retryAt_ = state_.clock.monotonic() + kSecond;
      return;
    }
    keeper_.yield(state_.lease.epoch());
    keeper_.wake();
  } catch (const std::exception& error) {
    log::error("a job can't be read", {{"job", claim.jobId}, {"reason", error.what()}});
  }
}

std::int64_t JobTimer::stopOverdueRuns(std::int64_t now) {
  const auto monotonic = state_.clock.monotonic();
  for (const auto& run : state_.active.takeOverdue(monotonic)) {
    run->stop(JobRun::Stop::timeLimit);
    log::warning("a run has reached its time limit and was asked to stop", {{"job", run->job()}, {"run", run->id()}});
  }
  const auto limit = state_.active.nextLimit();
  return limit ? std::min(now + kMinute, now + *limit - monotonic) : now + kMinute;
}

void JobTimer::loop() {
  ::pthread_setname_np(::pthread_self(), "jobs");
  std::unique_lock lock(state_.mutex);
  while (!state_.stopping) {
    noteTime();
    const auto now = state_.clock.now();
    auto wakeAt = stopOverdueRuns(now);
    if (mayClaim()) {
      if (std::exchange(checkDueTimes_, false)) state_.plan.checkTimesBeyond(now);
      const bool checking = state_.plan.hasTimesToCheck();
      auto claims = checking ? state_.plan.takeBeyond(now) : std::vector<Claim>();
      if (claims.empty()) claims = takeDue(now);
      if (!claims.empty() || checking) {
        const auto epoch = state_.lease.epoch();
        lock.unlock();
        const bool asked = claims.empty() || claimAndStart(std::move(claims), epoch);
        lock.lock();
        if (!asked && checking) checkDueTimes_ = true;
        continue;
      }
      if (const auto first = state_.plan.nextWake()) wakeAt = std::min(wakeAt, *first);
    } else if (const auto monotonic = state_.clock.monotonic(); retryAt_ > monotonic) {
      wakeAt = std::min(wakeAt, now + retryAt_ - monotonic);
    }
    state_.clock.wait(lock, state_.timerWake, wakeAt);
  }
}

}  // namespace mortise::services
