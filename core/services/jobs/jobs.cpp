#include "core/services/jobs/jobs.hpp"

#include <mutex>
#include <utility>

#include "core/db/after_commit.hpp"
#include "core/ops/log.hpp"
#include "core/services/jobs/due_step.hpp"
#include "core/services/jobs/job_catalog.hpp"
#include "core/services/jobs/job_state.hpp"
#include "core/services/jobs/job_timer.hpp"
#include "core/services/jobs/lease_keeper.hpp"
#include "core/services/jobs/run_workers.hpp"

namespace mortise::services {

// Members are in the order of their dependencies; at the end the threads stop first.
class Jobs::Implementation {
 public:
  Implementation(db::Database& database, JobsOptions options)
      : state(database, std::move(options)),
        catalog(state.store, state.clock),
        workers(state),
        keeper(state),
        timer(state, workers, keeper) {}

  void apply(const JobChanges& changes) {
    for (const auto& id : changes.removed) state.forget(id);
    for (const auto& job : changes.changed) state.apply(job);
    notifyServers();
  }
  StoredJob applied(StoredJob changed) {
    state.apply(changed);
    notifyServers();
    return changed;
  }
  void notifyServers() const {
    if (state.options.shared && state.options.changed) state.options.changed();
  }

  JobState state;
  JobCatalog catalog;
  RunWorkers workers;
  LeaseKeeper keeper;
  JobTimer timer;
};

Jobs::Jobs(db::Database& database, JobsOptions options)
    : implementation_(std::make_unique<Implementation>(database, std::move(options))) {}

Jobs::~Jobs() { stop(std::chrono::seconds(10)); }

void Jobs::serve(std::string_view module, Function function) {
  auto& self = *implementation_;
  const std::lock_guard lock(self.state.mutex);
  self.state.plan.setFunction(self.state.plan.moduleNumber(module),
                              std::make_shared<const Function>(std::move(function)));
  self.state.timerWake.notify_all();
}

void Jobs::withdraw(std::string_view module) noexcept {
  auto& self = *implementation_;
  self.catalog.withdraw(module);
  std::unique_lock lock(self.state.mutex);
  const auto number = self.state.plan.moduleNumber(module);
  self.state.plan.setFunction(number, nullptr);
  self.state.active.stopModule(number);
  self.state.idle.wait(lock, [&] { return !self.state.active.anyOfModule(number); });
}

void Jobs::declare(std::string_view module, std::vector<JobDefinition> jobs) {
  auto& self = *implementation_;
  const auto changes = self.catalog.declare(module, std::move(jobs));
  if (!changes.none()) self.apply(changes);
}

void Jobs::put(JobDefinition definition) {
  auto& self = *implementation_;
  if (auto changed = self.catalog.put(definition))
    db::afterCommit([&self, job = *std::move(changed)] { self.applied(job); });
}

bool Jobs::remove(std::string_view id) {
  auto& self = *implementation_;
  if (!self.catalog.remove(id)) return false;
  db::afterCommit([&self, id = std::string(id)] {
    {
      const std::lock_guard lock(self.state.mutex);
      self.state.plan.remove(id);
      self.state.active.stopJob(id);
    }
    if (self.state.options.shared) self.state.store.askJobToStop(id);
    self.notifyServers();
  });
  return true;
}

bool Jobs::exists(std::string_view id) { return implementation_->catalog.exists(id); }

StoredJob Jobs::find(std::string_view id) { return implementation_->catalog.find(id); }

StoredJob Jobs::changeTrigger(std::string_view id, const Trigger& trigger) {
  return implementation_->applied(implementation_->catalog.changeTrigger(id, trigger));
}

StoredJob Jobs::pause(std::string_view id) { return implementation_->applied(implementation_->catalog.pause(id)); }

StoredJob Jobs::resume(std::string_view id) { return implementation_->applied(implementation_->catalog.resume(id)); }

std::string Jobs::runNow(std::string_view id, std::int64_t createdBy, bool alongside) {
  return implementation_->workers.startByHand(find(id), createdBy, alongside);
}

bool Jobs::cancel(std::string_view runId) {
  auto& self = *implementation_;
  if (self.state.stopRun(runId)) return true;
  return self.state.options.shared && self.state.store.askToStop(runId);
}

JobsReload Jobs::reload() {
  auto& self = *implementation_;
  auto changes = self.catalog.reload();
  self.apply(changes);
  JobsReload result;
  for (const auto& job : changes.changed) result.reloaded.push_back(job.id);
  result.deleted = std::move(changes.removed);
  return result;
}

void Jobs::each(const std::function<void(const StoredJob&)>& visit) {
  implementation_->workers.flush();
  implementation_->state.store.each(visit);
}

std::vector<StoredJob> Jobs::ofModule(std::string_view module) {
  implementation_->workers.flush();
  auto jobs = implementation_->state.store.ofModule(module);
  std::erase_if(jobs, [](const auto& job) { return job.removed; });
  return jobs;
}

bool Jobs::loaded(std::string_view module) const {
  const std::lock_guard lock(implementation_->state.mutex);
  return implementation_->state.plan.loaded(module);
}

std::vector<StoredRun> Jobs::runs(std::string_view jobId, std::int64_t skip, std::int64_t limit, std::int64_t& total) {
  implementation_->workers.flush();
  return implementation_->state.store.runs(jobId, skip, limit, total);
}

std::optional<StoredRun> Jobs::run(std::string_view id) {
  implementation_->workers.flush();
  return implementation_->state.store.run(id);
}

std::vector<ReportedRun> Jobs::reportedSince(std::int64_t revision, std::int64_t limit) {
  auto& self = *implementation_;
  self.workers.flush();
  // Asked before each read of what follows the reports: without another server's runs the answer needs no look-up.
  if (!self.state.options.shared && revision >= self.state.store.lastReportRevision()) return {};
  return self.state.store.reportedSince(revision, limit);
}

std::int64_t Jobs::purge(std::int64_t endedBefore) { return implementation_->state.store.purge(endedBefore); }

JobsStatus Jobs::status() {
  auto& self = *implementation_;
  self.workers.flush();
  JobsStatus status;
  const auto current = self.state.store.runner();
  status.node = self.state.options.node;
  status.runnerNode = current.node;
  status.epoch = current.epoch;
  status.jobs = self.state.store.count();
  status.running = self.state.store.runningRuns();
  const std::lock_guard lock(self.state.mutex);
  status.enabled = self.state.enabled;
  status.runner = self.state.lease.held();
  return status;
}

const JobsOptions& Jobs::options() const { return implementation_->state.options; }

std::optional<std::int64_t> Jobs::nextRun(const StoredJob& job) {
  if (job.paused || !job.nextRun) return std::nullopt;
  return *job.nextRun + jitterOf(job.id, *job.nextRun, job.rules.jitterSeconds);
}

void Jobs::start() {
  auto& self = *implementation_;
  bool on = false;
  {
    const std::lock_guard lock(self.state.mutex);
    if (self.state.started || self.state.stopping) return;
    self.state.started = true;
    on = self.state.enabled;
  }
  const auto lost = self.state.lease.closeLost(self.state.options.node, self.state.options.boot);
  if (lost > 0) log::warning("runs of jobs were cut off when the server ended", {{"runs", lost}});
  self.workers.start();
  if (self.state.options.shared) {
    self.keeper.start();
  } else if (on) {
    self.keeper.acquire();
  }
  self.timer.start();
}

void Jobs::enable(bool on) {
  auto& self = *implementation_;
  std::optional<std::int64_t> epoch;
  {
    const std::lock_guard lock(self.state.mutex);
    if (self.state.enabled == on) return;
    self.state.enabled = on;
    if (!on) epoch = self.keeper.lose();
    self.keeper.wake();
    if (!self.state.started) return;
  }
  log::info(on ? "the scheduler is switched on" : "the scheduler is switched off");
  if (epoch) self.state.lease.release(*epoch);
  if (on && !self.state.options.shared) self.keeper.acquire();
}

void Jobs::noticeChanges() {
  const std::lock_guard lock(implementation_->state.mutex);
  implementation_->keeper.wake();
}

bool Jobs::stop(std::chrono::milliseconds limit) {
  auto& self = *implementation_;
  bool quiet = false;
  {
    std::unique_lock lock(self.state.mutex);
    self.state.stopping = true;
    self.state.active.stopAll();
    self.state.timerWake.notify_all();
    self.keeper.wake();
    // Runs that have not started end as soon as a worker takes them.
    quiet = self.state.idle.wait_for(lock, limit, [&] { return self.state.active.empty(); });
  }
  self.timer.join();
  self.keeper.join();
  std::optional<std::int64_t> epoch;
  {
    const std::lock_guard lock(self.state.mutex);
    epoch = self.keeper.lose();
  }
  self.workers.stop();
  try {
    // A current run may still need the protection of the lease, which then expires by itself.
    if (epoch && quiet) self.state.lease.release(*epoch);
  } catch (const std::exception& error) {
    log::warning("the lease of the jobs can't be given away; it runs out by itself", {{"reason", error.what()}});
  }
  return quiet;
}

}  // namespace mortise::services
