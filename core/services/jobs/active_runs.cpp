#include "core/services/jobs/active_runs.hpp"

#include <algorithm>
#include <utility>

namespace mortise::services {

const std::string& ActiveRuns::add(ActiveRun run) {
  if (!run.run->manual()) ++waiting_;
  const auto id = run.run->id();
  return runs_.emplace(id, std::move(run)).first->first;
}

ActiveRun* ActiveRuns::find(std::string_view runId) {
  const auto at = runs_.find(std::string(runId));
  return at == runs_.end() ? nullptr : &at->second;
}

void ActiveRuns::begin(ActiveRun& run, std::int64_t monotonic) {
  run.begun = true;
  if (!run.run->manual()) --waiting_;
  if (run.timeLimit <= 0) return;
  run.stopAt = monotonic + run.timeLimit;
  limits_.emplace(run.stopAt, run.run->id());
}

std::optional<ActiveRun> ActiveRuns::remove(std::string_view runId) {
  const auto at = runs_.find(std::string(runId));
  if (at == runs_.end()) return std::nullopt;
  auto removed = std::move(at->second);
  runs_.erase(at);
  if (!removed.begun && !removed.run->manual()) --waiting_;
  const auto [first, last] = limits_.equal_range(removed.stopAt);
  const auto limit = std::find_if(first, last, [&](const auto& entry) { return entry.second == runId; });
  if (limit != last) limits_.erase(limit);
  return removed;
}

bool ActiveRuns::stop(std::string_view runId) {
  const auto* active = find(runId);
  if (active == nullptr) return false;
  active->run->stop(JobRun::Stop::asked);
  return true;
}

void ActiveRuns::stopAll() {
  for (const auto& [id, active] : runs_) active.run->stop(JobRun::Stop::asked);
}

void ActiveRuns::stopClockRuns() {
  for (const auto& [id, active] : runs_) {
    if (!active.run->manual()) active.run->stop(JobRun::Stop::asked);
  }
}

void ActiveRuns::stopModule(std::uint32_t module) {
  for (const auto& [id, active] : runs_) {
    if (active.module == module) active.run->stop(JobRun::Stop::asked);
  }
}

void ActiveRuns::stopJob(std::string_view jobId) {
  for (const auto& [id, active] : runs_) {
    if (active.run->job() == jobId) active.run->stop(JobRun::Stop::asked);
  }
}

std::vector<std::shared_ptr<JobRun>> ActiveRuns::takeOverdue(std::int64_t monotonic) {
  std::vector<std::shared_ptr<JobRun>> overdue;
  while (!limits_.empty() && limits_.begin()->first <= monotonic) {
    if (const auto* active = find(limits_.begin()->second); active != nullptr) overdue.push_back(active->run);
    limits_.erase(limits_.begin());
  }
  return overdue;
}

std::optional<std::int64_t> ActiveRuns::nextLimit() const {
  return limits_.empty() ? std::nullopt : std::optional(limits_.begin()->first);
}

bool ActiveRuns::anyOfModule(std::uint32_t module) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& entry) { return entry.second.module == module; });
}

bool ActiveRuns::anyOfJob(std::string_view jobId) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& entry) { return entry.second.run->job() == jobId; });
}

std::uint32_t ActiveRuns::clockRunsOfJob(std::string_view jobId) const {
  return static_cast<std::uint32_t>(std::count_if(runs_.begin(), runs_.end(), [&](const auto& entry) {
    return entry.second.run->job() == jobId && !entry.second.run->manual();
  }));
}

std::vector<std::shared_ptr<JobRun>> ActiveRuns::all() const {
  std::vector<std::shared_ptr<JobRun>> runs;
  runs.reserve(runs_.size());
  for (const auto& [id, active] : runs_) runs.push_back(active.run);
  return runs;
}

}  // namespace mortise::services
