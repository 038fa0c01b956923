#include "core/services/jobs/job_plan.hpp"

#include <algorithm>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/ops/log.hpp"
#include "core/services/jobs/due_step.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {

std::uint32_t JobPlan::moduleNumber(std::string_view name) {
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    if (modules_[i].name == name) return static_cast<std::uint32_t>(i);
  }
  modules_.push_back({std::string(name), nullptr});
  return static_cast<std::uint32_t>(modules_.size() - 1);
}

bool JobPlan::loaded(std::string_view module) const {
  return std::any_of(modules_.begin(), modules_.end(),
                     [&](const auto& known) { return known.name == module && known.function != nullptr; });
}

void JobPlan::setFunction(std::uint32_t module, FunctionPtr function) {
  modules_[module].function = std::move(function);
  schedule_.each([&](PlannedJob& job) {
    if (job.module == module) arrange(job);
  });
}

void JobPlan::clear() {
  schedule_ = JobSchedule();
  unchecked_.clear();
}

void JobPlan::arrange(PlannedJob& job) {
  if (job.due) job.wakeAt = *job.due + jitterOf(job.id, *job.due, job.rules.jitterSeconds);
  schedule_.arrange(job, job.due && !job.busy && modules_[job.module].function != nullptr);
}

void JobPlan::put(const StoredJob& stored) {
  try {
    stored.trigger.requireReadable();
    PlannedJob job{stored.id, stored.trigger, stored.rules, moduleNumber(stored.module)};
    job.due = stored.paused ? std::nullopt : stored.nextRun;
    job.lastRun = stored.lastRun;
    job.hasPayload = !stored.payload.empty();
    job.runsOnce = !stored.declared && job.trigger.kind() == Trigger::Kind::date;
    if (job.due) unchecked_.push_back(job.id);
    arrange(schedule_.put(std::move(job)));
  } catch (const ServiceError& error) {
    // For example, the system's data has no such zone any more.
    schedule_.remove(stored.id);
    log::error("a job does not run: its trigger can't be read", {{"job", stored.id}, {"reason", error.what()}});
  }
}

std::optional<std::int64_t> JobPlan::nextWake() {
  const auto* first = schedule_.first();
  return first == nullptr ? std::nullopt : std::optional(first->wakeAt);
}

std::vector<Claim> JobPlan::takeDue(std::int64_t now, std::size_t room) {
  std::vector<Claim> claims;
  while (room > 0 && claims.size() < kAtOnce) {
    auto* job = schedule_.first();
    if (job == nullptr || job->wakeAt > now) break;
    metrics_.due();
    const DueStep step = stepFrom(job->trigger, job->rules, *job->due, now);
    Claim claim;
    claim.jobId = job->id;
    claim.due = *job->due;
    claim.next = step.next;
    if (!step.run) {
      metrics_.skipped(false);
      log::warning("a run was left out: its time is too long ago", {{"job", job->id}, {"due", isoMillis(claim.due)}});
    } else if (job->running >= static_cast<std::uint64_t>(job->rules.maxInstances)) {
      metrics_.skipped(true);
      log::debug("a run was left out: the one before still goes on", {{"job", job->id}});
    } else {
      claim.run.emplace();
      claim.run->jobId = job->id;
      claim.run->dueAt = *step.run;
      claim.wantsPayload = job->hasPayload;
      --room;
    }
    job->busy = true;
    arrange(*job);
    claims.push_back(std::move(claim));
  }
  return claims;
}

void JobPlan::checkTimesBeyond(std::int64_t now) {
  unchecked_.clear();
  schedule_.each([&](const PlannedJob& job) {
    if (job.due && *job.due > now) unchecked_.push_back(job.id);
  });
}

std::vector<Claim> JobPlan::takeBeyond(std::int64_t now) {
  std::vector<Claim> claims;
  for (auto left = kAtOnce; left > 0 && !unchecked_.empty(); --left) {
    auto* job = schedule_.find(unchecked_.back());
    unchecked_.pop_back();
    if (job == nullptr || !job->due || job->busy || *job->due <= now) continue;
    const auto next = nextAfterStepBack(job->trigger, job->lastRun, now);
    if (!next || *next >= *job->due) continue;
    log::debug("a job is due earlier than its stored time",
               {{"job", job->id}, {"stored", isoMillis(*job->due)}, {"due", isoMillis(*next)}});
    Claim claim;
    claim.jobId = job->id;
    claim.due = *job->due;
    claim.next = next;
    job->busy = true;
    arrange(*job);
    claims.push_back(std::move(claim));
  }
  if (unchecked_.empty()) unchecked_.shrink_to_fit();  // after a start it held every job
  if (!claims.empty()) {
    log::warning("jobs are due earlier than their stored times: a clock was ahead when these were stored",
                 {{"jobs", claims.size()}, {"first", claims.front().jobId}});
  }
  return claims;
}

PlannedJob* JobPlan::settle(const Claim& claim) {
  auto* job = schedule_.find(claim.jobId);
  if (job == nullptr) return nullptr;
  if (claim.claimed && job->due == claim.due) job->due = claim.next;
  if (claim.claimed && claim.run) job->lastRun = claim.run->startedAt;
  job->busy = false;
  arrange(*job);
  return job;
}

void JobPlan::setRunning(std::string_view id, std::uint32_t runs) {
  if (auto* job = schedule_.find(id); job != nullptr) job->running = runs;
}

void JobPlan::runEnded(std::string_view id) {
  auto* job = schedule_.find(id);
  if (job != nullptr && job->running > 0) --job->running;
}

void JobPlan::removeIfOver(std::string_view id) {
  if (const auto* job = schedule_.find(id); job != nullptr && !job->due) schedule_.remove(std::string(id));
}

}  // namespace mortise::services
