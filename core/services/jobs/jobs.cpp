#include "core/services/jobs/jobs.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/worker_pool.hpp"
#include "core/db/after_commit.hpp"
#include "core/ops/log.hpp"
#include "core/services/jobs/active_runs.hpp"
#include "core/services/jobs/due_step.hpp"
#include "core/services/jobs/job_catalog.hpp"
#include "core/services/jobs/job_lease.hpp"
#include "core/services/jobs/job_metrics.hpp"
#include "core/services/jobs/job_plan.hpp"
#include "core/services/jobs/run_recorder.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
// Claimed runs that wait for a worker. More stay in the database, where another server finds them if this one dies.
constexpr std::size_t kMaxWaiting = 256;
// Runs asked for by hand that wait for a worker.
constexpr std::size_t kMaxManualWaiting = 256;
constexpr std::size_t kMaxError = 4000;

std::string oneLine(const std::exception& error) { return storable(error.what()).substr(0, kMaxError); }

struct RunResult {
  std::string outcome = "succeeded";
  std::string error;
};

// Runs the job's function on this thread. `function` is null when the module was unloaded meanwhile.
RunResult perform(const Jobs::Function* function, JobRun& run) {
  RunResult result;
  try {
    if (function == nullptr) throw ServiceError(ErrorKind::unavailable, "its module was unloaded");
    const auto text = (*function)(run);
    if (!text.empty()) run.output(text);
  } catch (const std::exception& thrown) {
    result = {"failed", oneLine(thrown)};
  } catch (...) {
    result = {"failed", "the job threw something that is no exception"};
  }
  if (run.stopped() == JobRun::Stop::asked) result.outcome = "cancelled";
  if (run.stopped() == JobRun::Stop::timeLimit) result.outcome = "timed_out";
  return result;
}

}  // namespace

// One lock guards the plan, the active runs and the lease's term; the database is used without it.
class Jobs::Implementation {
 public:
  Implementation(db::Database& database, JobsOptions chosen)
      : options(std::move(chosen)),
        clock(*options.clock),
        store(database),
        catalog(store, clock),
        metrics(options.metrics),
        plan(metrics),
        lease(store, clock, options.node, options.lease),
        recorder(store, [this] { return runningHere(); }),
        workers("job", std::max<std::size_t>(options.workers, 1), kMaxWaiting + kMaxManualWaiting,
                [](std::exception_ptr) { log::error("a run of a job let an exception out"); }) {
    if (options.boot.empty()) options.boot = uuid7();
    metrics.registry().gaugeFrom("mortise_jobs_runner", "1 on the server that starts the runs of the clock", {},
                                 [this] { return isRunner() ? 1.0 : 0.0; });
    metrics.registry().gaugeFrom("mortise_jobs_waiting", "Jobs that have a next run, on the runner", {}, [this] {
      const std::lock_guard lock(mutex);
      return static_cast<double>(plan.waiting());
    });
    metrics.registry().gaugeFrom("mortise_job_runs_running", "Runs that go on here, those that wait included", {},
                                 [this] {
                                   const std::lock_guard lock(mutex);
                                   return static_cast<double>(active.size());
                                 });
  }

  // --- the plan ---

  // After a change that is committed.
  void apply(const StoredJob& stored) {
    const std::lock_guard lock(mutex);
    if (!lease.held()) return;
    if (stored.removed) {
      plan.remove(stored.id);
    } else {
      const bool known = plan.contains(stored.id);
      plan.put(stored);
      // Of a job that was removed and has come back, a run may still go on.
      if (!known) plan.setRunning(stored.id, active.clockRunsOfJob(stored.id));
    }
    timerWake.notify_all();
  }
  void forget(std::string_view id) {
    const std::lock_guard lock(mutex);
    plan.remove(id);
  }
  void apply(const JobChanges& changes) {
    for (const auto& id : changes.removed) forget(id);
    for (const auto& job : changes.changed) apply(job);
    notifyServers();
  }
  StoredJob applied(StoredJob changed) {
    apply(changed);
    notifyServers();
    return changed;
  }
  void notifyServers() {
    if (options.shared && options.changed) options.changed();
  }

  // --- the lease ---

  bool isRunner() const {
    const std::lock_guard lock(mutex);
    return lease.held();
  }

  // Becomes the runner unless another server was faster. Holds the lock while it reads the jobs: nothing else has work
  // to do then.
  void acquire(const StoredRunner& seen) {
    const auto term = lease.takeOver(seen);
    if (!term) return;
    const std::lock_guard lock(mutex);
    plan.clear();
    seenRevision = store.revision();
    store.each([this](StoredJob& job) { plan.put(job); });
    for (const auto& run : active.all()) plan.setRunning(run->job(), active.clockRunsOfJob(run->job()));
    lease.begin(*term);
    log::info("this server starts the jobs", {{"jobs", plan.size()}, {"epoch", term->epoch}});
    timerWake.notify_all();
  }

  // With the lock held. Returns the epoch to release.
  std::optional<std::int64_t> lose() {
    plan.clear();
    return lease.end();
  }

  // With the lock held, when the database says that another server has the lease.
  void yield(std::int64_t epoch) {
    lose();
    log::warning("another server starts the jobs now", {{"epoch", epoch}});
  }

  void keepLease() {
    std::optional<std::int64_t> epoch;
    bool on = false;
    {
      const std::lock_guard lock(mutex);
      if (stopping) return;
      on = enabled;
      if (lease.held()) epoch = lease.epoch();
      if (!on) lose();
    }
    if (!on) {
      if (epoch) lease.release(*epoch);
    } else if (epoch) {
      renew(*epoch);
    } else if (const auto row = lease.takeable()) {
      acquire(*row);
    }
  }

  void renew(std::int64_t epoch) {
    const auto term = lease.renew(epoch);
    const std::lock_guard lock(mutex);
    if (!lease.held() || lease.epoch() != epoch) return;
    if (term) {
      lease.extend(*term);
    } else {
      yield(epoch);
      // What was started under the lost lease may be started there again.
      active.stopClockRuns();
    }
    timerWake.notify_all();
  }

  // What other servers changed since the last look.
  void takeChanges() {
    std::int64_t since = 0;
    {
      const std::lock_guard lock(mutex);
      if (!lease.held()) return;
      since = seenRevision;
    }
    for (const auto& job : store.changedSince(since)) {
      apply(job);
      const std::lock_guard lock(mutex);
      seenRevision = std::max(seenRevision, job.revision);
    }
  }

  void stopRequestedRuns() {
    {
      const std::lock_guard lock(mutex);
      if (active.empty()) return;
    }
    for (const auto& id : store.askedToStop(options.node)) stopHere(id);
  }

  void keeperLoop() {
    ::pthread_setname_np(::pthread_self(), "jobs-lease");
    const auto pause = std::min(kSecond, options.lease.count() * 1000 / 5);
    bool failing = false;
    for (;;) {
      try {
        store.beat(options.node, options.boot);
        keepLease();
        takeChanges();
        stopRequestedRuns();
        if (isRunner()) lease.closeRunsOfSilentServers();
        if (std::exchange(failing, false)) log::info("the lease of the jobs is kept again");
      } catch (const std::exception& error) {
        if (!std::exchange(failing, true))
          log::error("the lease of the jobs can't be kept", {{"reason", error.what()}});
      }
      std::unique_lock lock(mutex);
      if (stopping) return;
      if (!std::exchange(keeperAsked, false)) clock.wait(lock, keeperWake, clock.now() + pause);
      if (stopping) return;
    }
  }

  // --- the clock ---

  bool mayClaim(std::int64_t now) const {
    return lease.held() && enabled && !stopping && now >= retryAt && active.waiting() < kMaxWaiting &&
           (!options.shared || clock.monotonic() < lease.validUntil());
  }

  // Everything that is due, as far as there is room for its runs.
  std::vector<Claim> dueNow(std::int64_t now) {
    auto claims = plan.takeDue(now, kMaxWaiting - active.waiting());
    for (auto& claim : claims) {
      if (claim.run) claim.run = newRun(claim.jobId, claim.run->dueAt, now);
    }
    return claims;
  }

  StoredRun newRun(const std::string& jobId, std::int64_t dueAt, std::int64_t now) const {
    StoredRun run;
    run.id = uuid7();
    run.jobId = jobId;
    run.node = options.node;
    run.boot = options.boot;
    run.epoch = lease.epoch();
    run.dueAt = dueAt;
    run.startedAt = now;
    return run;
  }

  void claimAndStart(std::vector<Claim> claims, std::int64_t claimEpoch) {
    try {
      store.claim(claims, options.node, claimEpoch);
    } catch (const std::exception& error) {
      log::error("jobs that are due can't be started; trying again in a second", {{"reason", error.what()}});
      const std::lock_guard lock(mutex);
      retryAt = clock.now() + kSecond;
      for (auto& claim : claims) {
        claim.claimed = false;  // rolled back
        plan.settle(claim);
      }
      return;
    }
    std::vector<std::string> starting;
    std::vector<const Claim*> refused;
    {
      const std::lock_guard lock(mutex);
      for (const auto& claim : claims) {
        auto* job = plan.settle(claim);
        if (!claim.claimed) {
          refused.push_back(&claim);
        } else if (claim.run) {
          if (auto id = addRun(claim, job); !id.empty()) starting.push_back(std::move(id));
        }
      }
    }
    for (const auto& id : starting) post(id);
    for (const auto* claim : refused) lookAgain(*claim);
  }

  // With the lock held: the claimed run becomes an active one. Empty when its module was unloaded meanwhile.
  std::string addRun(const Claim& claim, PlannedJob* job) {
    if (job == nullptr || stopping || plan.function(job->module) == nullptr) {
      recorder.release(claim);
      return {};
    }
    ActiveRun run;
    run.run = std::make_shared<JobRun>(*claim.run, claim.payload);
    run.claim = claim;
    run.module = job->module;
    run.wakeAt = claim.run->dueAt + jitterOf(job->id, claim.run->dueAt, job->rules.jitterSeconds);
    run.timeLimit = job->rules.timeLimitSeconds * kSecond;
    run.runsOnce = job->runsOnce && !claim.next;
    ++job->running;
    return active.add(std::move(run));
  }

  // A claim that the database refused: the job was changed or removed elsewhere, or the lease is another's.
  void lookAgain(const Claim& claim) {
    try {
      const auto stored = store.find(claim.jobId);
      if (!stored || stored->removed) return forget(claim.jobId);
      if (stored->nextRun != claim.due || stored->paused) return apply(*stored);
      const std::lock_guard lock(mutex);
      if (!lease.held()) return;
      if (!options.shared) {
        retryAt = clock.now() + kSecond;
        return;
      }
      yield(lease.epoch());
      keeperAsked = true;
      keeperWake.notify_all();
    } catch (const std::exception& error) {
      log::error("a job can't be read", {{"job", claim.jobId}, {"reason", error.what()}});
    }
  }

  void timerLoop() {
    ::pthread_setname_np(::pthread_self(), "jobs");
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto now = clock.now();
      std::int64_t wakeAt = now + kMinute;
      const auto monotonic = clock.monotonic();
      for (const auto& run : active.takeOverdue(monotonic)) {
        run->stop(JobRun::Stop::timeLimit);
        log::warning("a run has reached its time limit and was asked to stop",
                     {{"job", run->job()}, {"run", run->id()}});
      }
      if (const auto limit = active.nextLimit()) wakeAt = std::min(wakeAt, now + *limit - monotonic);
      if (mayClaim(now)) {
        auto claims = dueNow(now);
        if (!claims.empty()) {
          const auto claimEpoch = lease.epoch();
          lock.unlock();
          claimAndStart(std::move(claims), claimEpoch);
          lock.lock();
          continue;
        }
        if (const auto first = plan.nextWake()) wakeAt = std::min(wakeAt, *first);
      } else if (retryAt > now) {
        wakeAt = std::min(wakeAt, retryAt);
      }
      clock.wait(lock, timerWake, wakeAt);
    }
  }

  // --- a run ---

  // False when no worker takes it; it is not active any more then.
  bool post(const std::string& runId) {
    if (workers.post([this, runId] { execute(runId); })) return true;
    const std::lock_guard lock(mutex);
    const auto* run = active.find(runId);
    if (run == nullptr) return false;
    if (!run->run->manual()) recorder.release(run->claim);
    removeRun(runId);
    return false;
  }

  // With the lock held.
  void removeRun(std::string_view runId) {
    const auto removed = active.remove(runId);
    if (!removed) return;
    if (!removed->run->manual()) {
      if (!removed->begun) timerWake.notify_all();
      plan.runEnded(removed->run->job());
    }
    idle.notify_all();
  }

  void execute(const std::string& runId) {
    std::shared_ptr<JobRun> run;
    std::shared_ptr<const Function> function;
    bool runsOnce = false;
    {
      const std::lock_guard lock(mutex);
      auto* here = active.find(runId);
      if (here == nullptr) return;
      function = plan.function(here->module);
      // Nothing was done yet: another server, or this one after its restart, does it.
      if ((stopping || function == nullptr) && !here->run->manual()) {
        recorder.release(here->claim);
        return removeRun(runId);
      }
      run = here->run;
      runsOnce = here->runsOnce;
      const auto now = clock.now();
      run->begin(now);
      active.begin(*here, clock.monotonic());
      if (!run->manual()) metrics.lateness(std::max<std::int64_t>(now - here->wakeAt, 0));
      // The timer that waits for room is notified when there is some, not for each run.
      const bool roomAgain = !run->manual() && active.waiting() == kMaxWaiting / 2;
      if (roomAgain || here->timeLimit > 0) timerWake.notify_all();
    }
    metrics.started(run->manual());
    const auto [outcome, error] = perform(function.get(), *run);
    finish(run, outcome, error, runsOnce);
  }

  void finish(const std::shared_ptr<JobRun>& run, const std::string& outcome, const std::string& error, bool runsOnce) {
    RunEnd end = run->snapshot();
    end.outcome = outcome;
    end.error = error;
    end.endedAt = clock.now();
    end.removesJob = runsOnce;
    metrics.ended(outcome);
    if (outcome == "failed") {
      log::error("a job failed", {{"job", run->job()}, {"run", run->id()}, {"reason", error}});
    } else {
      log::debug("a job ran", {{"job", run->job()}, {"run", run->id()}, {"outcome", outcome}});
    }
    recorder.ended(std::move(end));
    const std::lock_guard lock(mutex);
    removeRun(run->id());
    if (runsOnce) plan.removeIfOver(run->job());
  }

  bool stopHere(std::string_view runId) {
    const std::lock_guard lock(mutex);
    return active.stop(runId);
  }

  std::vector<std::shared_ptr<JobRun>> runningHere() const {
    const std::lock_guard lock(mutex);
    return active.all();
  }

  // Members are in the order in which they may be used; threads go first at the end.
  JobsOptions options;
  JobClock& clock;
  JobStore store;
  JobCatalog catalog;
  JobMetrics metrics;

  mutable std::mutex mutex;
  std::condition_variable timerWake;
  std::condition_variable keeperWake;
  std::condition_variable idle;  // a run has ended
  JobPlan plan;
  ActiveRuns active;
  JobLease lease;
  bool started = false, stopping = false, enabled = true;
  bool keeperAsked = false;
  std::int64_t retryAt = 0;
  std::int64_t seenRevision = 0;

  RunRecorder recorder;
  WorkerPool workers;
  std::thread timer;
  std::thread keeper;
};

Jobs::Jobs(db::Database& database, JobsOptions options)
    : implementation_(std::make_unique<Implementation>(database, std::move(options))) {}

Jobs::~Jobs() { stop(std::chrono::seconds(10)); }

void Jobs::serve(std::string_view module, Function function) {
  auto& self = *implementation_;
  const std::lock_guard lock(self.mutex);
  self.plan.setFunction(self.plan.moduleNumber(module), std::make_shared<const Function>(std::move(function)));
  self.timerWake.notify_all();
}

void Jobs::withdraw(std::string_view module) noexcept {
  auto& self = *implementation_;
  self.catalog.withdraw(module);
  std::unique_lock lock(self.mutex);
  const auto number = self.plan.moduleNumber(module);
  self.plan.setFunction(number, nullptr);
  self.active.stopModule(number);
  self.idle.wait(lock, [&] { return !self.active.anyOfModule(number); });
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
      const std::lock_guard lock(self.mutex);
      self.plan.remove(id);
      self.active.stopJob(id);
    }
    if (self.options.shared) self.store.askJobToStop(id);
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
  auto& self = *implementation_;
  const auto job = find(id);
  const auto now = self.clock.now();
  StoredRun record;
  {
    const std::lock_guard lock(self.mutex);
    if (!self.enabled || self.stopping)
      throw ServiceError(ErrorKind::unavailable, "the scheduler is switched off on this server", 0, "scheduler_off");
    const auto number = self.plan.moduleNumber(job.module);
    if (self.plan.function(number) == nullptr)
      throw ServiceError(ErrorKind::unavailable, "module " + job.module + " does not run on this server", 0,
                         "job_not_loaded");
    if (!alongside && self.active.anyOfJob(job.id))
      throw ServiceError(ErrorKind::denied, "job " + job.id + " is running");
    record = self.newRun(job.id, now, now);
    record.manual = true;
    record.createdBy = createdBy;
    ActiveRun run;
    run.run = std::make_shared<JobRun>(record, job.payload);
    run.module = number;
    run.timeLimit = job.rules.timeLimitSeconds * kSecond;
    self.active.add(std::move(run));
  }
  bool posted = false;
  try {
    self.store.startManual(record);
    posted = self.post(record.id);
  } catch (...) {
    const std::lock_guard lock(self.mutex);
    self.removeRun(record.id);
    throw;
  }
  if (posted) return record.id;
  RunEnd end;
  end.id = record.id;
  end.jobId = record.jobId;
  end.outcome = "failed";
  end.error = "all workers are busy";
  end.startedAt = end.endedAt = now;
  self.recorder.ended(std::move(end));
  throw ServiceError(ErrorKind::unavailable, "all workers of jobs are busy", 5, "workers_busy");
}

bool Jobs::cancel(std::string_view runId) {
  auto& self = *implementation_;
  if (self.stopHere(runId)) return true;
  return self.options.shared && self.store.askToStop(runId);
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
  implementation_->recorder.flush();
  implementation_->store.each(visit);
}

std::vector<StoredJob> Jobs::ofModule(std::string_view module) {
  implementation_->recorder.flush();
  auto jobs = implementation_->store.ofModule(module);
  std::erase_if(jobs, [](const auto& job) { return job.removed; });
  return jobs;
}

bool Jobs::loaded(std::string_view module) const {
  const std::lock_guard lock(implementation_->mutex);
  return implementation_->plan.loaded(module);
}

std::vector<StoredRun> Jobs::runs(std::string_view jobId, std::int64_t skip, std::int64_t limit, std::int64_t& total) {
  implementation_->recorder.flush();
  return implementation_->store.runs(jobId, skip, limit, total);
}

std::optional<StoredRun> Jobs::run(std::string_view id) {
  implementation_->recorder.flush();
  return implementation_->store.run(id);
}

std::int64_t Jobs::purge(std::int64_t endedBefore) { return implementation_->store.purge(endedBefore); }

JobsStatus Jobs::status() {
  auto& self = *implementation_;
  self.recorder.flush();
  JobsStatus status;
  const auto current = self.store.runner();
  status.node = self.options.node;
  status.runnerNode = current.node;
  status.epoch = current.epoch;
  status.jobs = self.store.count();
  status.running = self.store.runningRuns();
  const std::lock_guard lock(self.mutex);
  status.enabled = self.enabled;
  status.runner = self.lease.held();
  return status;
}

const JobsOptions& Jobs::options() const { return implementation_->options; }

std::optional<std::int64_t> Jobs::nextRun(const StoredJob& job) {
  if (job.paused || !job.nextRun) return std::nullopt;
  return *job.nextRun + jitterOf(job.id, *job.nextRun, job.rules.jitterSeconds);
}

void Jobs::start() {
  auto& self = *implementation_;
  bool on = false;
  {
    const std::lock_guard lock(self.mutex);
    if (self.started || self.stopping) return;
    self.started = true;
    on = self.enabled;
  }
  const auto lost = self.store.closeLost(self.options.node, self.options.boot, self.clock.now());
  if (lost > 0) log::warning("runs of jobs were cut off when the server ended", {{"runs", lost}});
  self.recorder.start();
  if (self.options.shared) {
    self.keeper = std::thread([&self] { self.keeperLoop(); });
  } else if (on) {
    self.acquire(self.store.runner());
  }
  self.timer = std::thread([&self] { self.timerLoop(); });
}

void Jobs::enable(bool on) {
  auto& self = *implementation_;
  std::optional<std::int64_t> epoch;
  {
    const std::lock_guard lock(self.mutex);
    if (self.enabled == on) return;
    self.enabled = on;
    if (!on) epoch = self.lose();
    self.keeperAsked = true;
    self.keeperWake.notify_all();
    if (!self.started) return;
  }
  log::info(on ? "the scheduler is switched on" : "the scheduler is switched off");
  if (epoch) self.lease.release(*epoch);
  if (on && !self.options.shared) self.acquire(self.store.runner());
}

void Jobs::noticeChanges() {
  const std::lock_guard lock(implementation_->mutex);
  implementation_->keeperAsked = true;
  implementation_->keeperWake.notify_all();
}

bool Jobs::stop(std::chrono::milliseconds limit) {
  auto& self = *implementation_;
  bool quiet = false;
  {
    std::unique_lock lock(self.mutex);
    self.stopping = true;
    self.active.stopAll();
    self.timerWake.notify_all();
    self.keeperWake.notify_all();
    // Runs that have not begun leave as soon as a worker looks at them.
    quiet = self.idle.wait_for(lock, limit, [&] { return self.active.empty(); });
  }
  if (self.timer.joinable()) self.timer.join();
  if (self.keeper.joinable()) self.keeper.join();
  std::optional<std::int64_t> epoch;
  {
    const std::lock_guard lock(self.mutex);
    epoch = self.lose();
  }
  self.recorder.stop();
  try {
    // A run that goes on still may need the lease's protection: then it runs out by itself.
    if (epoch && quiet) self.lease.release(*epoch);
  } catch (const std::exception& error) {
    log::warning("the lease of the jobs can't be given away; it runs out by itself", {{"reason", error.what()}});
  }
  return quiet;
}

}  // namespace mortise::services
