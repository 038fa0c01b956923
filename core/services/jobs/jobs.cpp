#include "core/services/jobs/jobs.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/worker_pool.hpp"
#include "core/db/after_commit.hpp"
#include "core/ops/log.hpp"
#include "core/services/jobs/due_step.hpp"
#include "core/services/jobs/job_metrics.hpp"
#include "core/services/jobs/job_schedule.hpp"
#include "core/services/jobs/run_recorder.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
// Claimed runs that wait for a worker. More stay in the database, where another server finds them if this one dies.
constexpr std::size_t kBacklog = 256;
// Runs asked for by hand that wait for a worker.
constexpr std::size_t kManualBacklog = 256;
constexpr std::size_t kMaxError = 4000;

std::string oneLine(const std::exception& error) { return storable(error.what()).substr(0, kMaxError); }

[[noreturn]] void throwNoJob(std::string_view id) {
  throw ServiceError(ErrorKind::notFound, "no job " + std::string(id), 0, "job_not_found");
}

// Parsed triggers, shared by all jobs that have the same.
class TriggerCache {
 public:
  Trigger get(const StoredJob& job) {
    auto key = job.zone + '\n' + job.trigger;
    const auto found = known_.find(key);
    if (found != known_.end()) return found->second;
    if (known_.size() > kMost) known_.clear();
    return known_.emplace(std::move(key), Trigger::parse(job.trigger, job.zone)).first->second;
  }

 private:
  static constexpr std::size_t kMost = 10000;
  std::unordered_map<std::string, Trigger> known_;
};

StoredJob storedFrom(const JobDefinition& definition, bool declared, std::int64_t now) {
  StoredJob job;
  job.id = definition.id();
  job.module = definition.module;
  job.job = definition.job;
  job.declared = declared;
  job.name = definition.name;
  job.description = definition.description;
  job.trigger = definition.trigger.text();
  job.zone = definition.trigger.zone();
  if (declared) {
    job.declaredTrigger = job.trigger;
    job.declaredZone = job.zone;
  }
  job.payload = definition.payload;
  job.rules = definition.rules;
  job.nextRun = definition.trigger.next(now);
  return job;
}

bool sameTrigger(const StoredJob& a, const StoredJob& b) { return a.trigger == b.trigger && a.zone == b.zone; }

bool sameDefinition(const StoredJob& a, const StoredJob& b) {
  return a.declared == b.declared && a.name == b.name && a.description == b.description && a.payload == b.payload &&
         a.rules == b.rules && a.declaredTrigger == b.declaredTrigger && a.declaredZone == b.declaredZone &&
         (a.declared || sameTrigger(a, b));
}

// `known` as it is, given anew as `fresh`.
StoredJob merged(const StoredJob& known, StoredJob fresh) {
  const bool edited = known.declared && (known.trigger != known.declaredTrigger || known.zone != known.declaredZone);
  fresh.paused = known.paused;
  fresh.removed = known.removed && fresh.declared;
  fresh.lastRun = known.lastRun;
  if (edited && fresh.declared) {
    fresh.trigger = known.trigger;
    fresh.zone = known.zone;
  }
  if (sameTrigger(known, fresh)) {
    fresh.nextRun = known.nextRun;
  } else if (fresh.paused) {
    fresh.nextRun = std::nullopt;
  }
  return fresh;
}

// One run from its claim to its end.
struct ActiveRun {
  std::shared_ptr<JobRun> run;
  Claim claim;  // of the clock; not of a manual run
  std::uint32_t module = 0;
  std::int64_t wakeAt = 0;  // when it was to start
  std::int64_t timeLimit = 0;
  std::int64_t endOfTime = 0;  // monotonic
  bool runsOnce = false;
  bool begun = false;
};

}  // namespace

class Jobs::Implementation {
 public:
  Implementation(db::Database& database, JobsOptions given)
      : options(std::move(given)),
        clock(*options.clock),
        store(database),
        metrics(options.metrics),
        recorder(store, [this] { return runningHere(); }),
        workers("job", std::max<std::size_t>(options.workers, 1), kBacklog + kManualBacklog,
                [](std::exception_ptr) { log::error("a run of a job let an exception out"); }) {
    if (options.boot.empty()) options.boot = uuid7();
    metrics.registry().gaugeFrom("mortise_jobs_runner", "1 on the server that starts the runs of the clock", {},
                                 [this] { return isRunner() ? 1.0 : 0.0; });
    metrics.registry().gaugeFrom("mortise_jobs_waiting", "Jobs that have a next run, on the runner", {}, [this] {
      const std::lock_guard lock(mutex);
      return static_cast<double>(schedule.waiting());
    });
    metrics.registry().gaugeFrom("mortise_job_runs_running", "Runs that go on here, those that wait included", {},
                                 [this] {
                                   const std::lock_guard lock(mutex);
                                   return static_cast<double>(active.size());
                                 });
  }

  struct Module {
    std::string name;
    std::shared_ptr<const Function> function;  // null: not loaded
    std::vector<JobDefinition> declared;
    std::size_t running = 0;
  };

  // --- what a module is, with the lock held ---

  std::uint32_t moduleNumber(std::string_view name) {
    for (std::size_t i = 0; i < modules.size(); ++i) {
      if (modules[i].name == name) return static_cast<std::uint32_t>(i);
    }
    modules.push_back({std::string(name), nullptr, {}, 0});
    return static_cast<std::uint32_t>(modules.size() - 1);
  }

  // --- the schedule, with the lock held ---

  void arrange(PlannedJob& job) {
    if (job.due) job.wakeAt = *job.due + jitterOf(job.id, *job.due, job.rules.jitterSeconds);
    schedule.arrange(job, job.due && !job.busy && modules[job.module].function != nullptr);
  }

  void plan(const StoredJob& stored) {
    try {
      PlannedJob job{stored.id, triggers.get(stored), stored.rules, moduleNumber(stored.module)};
      job.due = stored.paused ? std::nullopt : stored.nextRun;
      job.hasPayload = !stored.payload.empty();
      job.runsOnce = !stored.declared && job.trigger.kind() == Trigger::Kind::date;
      arrange(schedule.put(std::move(job)));
    } catch (const ServiceError& error) {
      // Such as a zone that the system's data no longer has.
      schedule.remove(stored.id);
      log::error("a job does not run: its trigger can't be read", {{"job", stored.id}, {"reason", error.what()}});
    }
  }

  // Of a job that was removed and has come back, a run may still go on.
  void countRuns(std::string_view id) {
    auto* job = schedule.find(id);
    if (job == nullptr) return;
    job->running = static_cast<std::uint32_t>(std::count_if(active.begin(), active.end(), [&](const auto& run) {
      return run.second.run->job() == id && !run.second.run->manual();
    }));
  }

  // After a change that is committed.
  void apply(const StoredJob& stored) {
    const std::lock_guard lock(mutex);
    if (!runner) return;
    if (stored.removed) {
      schedule.remove(stored.id);
    } else {
      const bool known = schedule.find(stored.id) != nullptr;
      plan(stored);
      if (!known) countRuns(stored.id);
    }
    timerWake.notify_all();
  }
  void forget(std::string_view id) {
    const std::lock_guard lock(mutex);
    schedule.remove(id);
  }
  void tellOthers() {
    if (options.shared && options.changed) options.changed();
  }

  // --- the lease ---

  bool isRunner() const {
    const std::lock_guard lock(mutex);
    return runner;
  }
  std::int64_t leaseMicros() const { return options.lease.count() * 1000; }

  // Becomes the runner if nobody was faster. Holds the lock while it reads the jobs: nothing else has work to do then.
  void acquire(const StoredRunner& seen) {
    const auto before = clock.monotonic();
    if (!store.takeOver(seen, options.node)) return;
    if (!seen.node.empty() && seen.node != options.node) {
      const auto lost = store.closeLost(seen.node, "", clock.now());
      log::warning("took the jobs over from another server",
                   {{"from", seen.node}, {"epoch", seen.epoch + 1}, {"lost_runs", lost}});
    }
    const std::lock_guard lock(mutex);
    schedule = JobSchedule();
    seenRevision = store.revision();
    store.each([this](StoredJob& job) { plan(job); });
    for (const auto& [id, run] : active) {
      auto* job = run.run->manual() ? nullptr : schedule.find(run.run->job());
      if (job != nullptr) ++job->running;
    }
    epoch = seen.epoch + 1;
    runner = true;
    validUntil = before + leaseMicros() * 6 / 10;
    log::info("this server starts the jobs", {{"jobs", schedule.size()}, {"epoch", epoch}});
    timerWake.notify_all();
  }

  // With the lock held.
  void lose() {
    runner = false;
    schedule = JobSchedule();
  }

  void keepLease() {
    std::unique_lock lock(mutex);
    if (stopping) return;
    const bool held = runner;
    const bool wanted = enabled;
    const auto heldEpoch = epoch;
    if (!wanted) lose();
    lock.unlock();
    if (!wanted) {
      if (held) store.release(options.node, heldEpoch);
      return;
    }
    if (held) {
      const auto before = clock.monotonic();
      const bool renewed = store.renew(options.node, heldEpoch);
      lock.lock();
      if (!runner || epoch != heldEpoch) return;
      if (renewed) {
        validUntil = before + leaseMicros() * 6 / 10;
      } else {
        lose();
        log::warning("another server starts the jobs now", {{"epoch", heldEpoch}});
        // What was started under the lost lease may be started there again.
        for (const auto& [id, run] : active) {
          if (!run.run->manual()) run.run->stop(JobRun::Stop::asked);
        }
      }
      timerWake.notify_all();
      return;
    }
    const auto current = store.runner();
    // Our own name: of the life before this one, which is over.
    if (current.node.empty() || current.node == options.node) return acquire(current);
    const auto now = clock.monotonic();
    if (current.epoch != seenRunner.epoch || current.beat != seenRunner.beat) {
      seenRunner = current;
      seenSince = now;
    } else if (now - seenSince >= leaseMicros() * 7 / 10) {
      acquire(current);
    }
  }

  // What other servers changed since the last look.
  void takeChanges() {
    std::int64_t since = 0;
    {
      const std::lock_guard lock(mutex);
      if (!runner) return;
      since = seenRevision;
    }
    for (const auto& job : store.changedSince(since)) {
      apply(job);
      const std::lock_guard lock(mutex);
      seenRevision = std::max(seenRevision, job.revision);
    }
  }

  void heedRequestsToStop() {
    {
      const std::lock_guard lock(mutex);
      if (active.empty()) return;
    }
    for (const auto& id : store.askedToStop(options.node)) stopHere(id);
  }

  // Servers that show no sign of life leave no run behind that goes on for ever.
  void closeRunsOfTheDead() {
    if (!isRunner()) return;
    const auto now = clock.monotonic();
    for (const auto& node : store.nodes()) {
      if (node.node == options.node) continue;
      auto& seen = seenNodes[node.node];
      if (seen.beat != node.beat) {
        seen = {node.beat, now, false};
      } else if (!seen.closed && now - seen.since >= leaseMicros()) {
        seen.closed = true;
        const auto lost = store.closeLost(node.node, "", clock.now());
        if (lost > 0) log::warning("a server is gone; its runs are lost", {{"node", node.node}, {"runs", lost}});
      }
    }
  }

  void keeperLoop() {
    ::pthread_setname_np(::pthread_self(), "jobs-lease");
    const auto pause = std::min(kSecond, leaseMicros() / 5);
    bool failing = false;
    for (;;) {
      try {
        store.beat(options.node, options.boot);
        keepLease();
        takeChanges();
        heedRequestsToStop();
        closeRunsOfTheDead();
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
    return runner && enabled && !stopping && now >= retryAt && backlog < kBacklog &&
           (!options.shared || clock.monotonic() < validUntil);
  }

  // Everything that is due, as far as there is room for its runs.
  std::vector<Claim> dueNow(std::int64_t now) {
    std::vector<Claim> claims;
    std::size_t runs = backlog;
    while (runs < kBacklog) {
      auto* job = schedule.first();
      if (job == nullptr || job->wakeAt > now) break;
      metrics.due();
      const DueStep step = stepFrom(job->trigger, job->rules, *job->due, now);
      Claim claim;
      claim.jobId = job->id;
      claim.due = *job->due;
      claim.next = step.next;
      if (!step.run) {
        metrics.skipped(false);
        log::warning("a run was left out: its time is too long ago", {{"job", job->id}, {"due", isoMillis(claim.due)}});
      } else if (job->running >= static_cast<std::uint64_t>(job->rules.maxInstances)) {
        metrics.skipped(true);
        log::debug("a run was left out: the one before still goes on", {{"job", job->id}});
      } else {
        claim.run = newRun(job->id, *step.run, now);
        claim.wantsPayload = job->hasPayload;
        ++runs;
      }
      job->busy = true;
      arrange(*job);
      claims.push_back(std::move(claim));
    }
    return claims;
  }

  StoredRun newRun(const std::string& jobId, std::int64_t dueAt, std::int64_t now) const {
    StoredRun run;
    run.id = uuid7();
    run.jobId = jobId;
    run.node = options.node;
    run.boot = options.boot;
    run.epoch = epoch;
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
      for (const auto& claim : claims) free(claim.jobId);
      return;
    }
    std::vector<std::string> starting;
    std::vector<const Claim*> refused;
    {
      const std::lock_guard lock(mutex);
      for (const auto& claim : claims) {
        auto* job = schedule.find(claim.jobId);
        if (!claim.claimed) {
          refused.push_back(&claim);
        } else if (job != nullptr && job->due == claim.due) {
          job->due = claim.next;
        }
        if (claim.claimed && claim.run) {
          if (auto id = enlist(claim, job); !id.empty()) starting.push_back(std::move(id));
        }
        free(claim.jobId);
      }
    }
    for (const auto& id : starting) post(id);
    for (const auto* claim : refused) lookAgain(*claim);
  }

  // With the lock held.
  void free(const std::string& jobId) {
    auto* job = schedule.find(jobId);
    if (job == nullptr) return;
    job->busy = false;
    arrange(*job);
  }

  // With the lock held: the claimed run becomes one that goes on here. Empty when its module has gone meanwhile.
  std::string enlist(const Claim& claim, PlannedJob* job) {
    if (job == nullptr || stopping || modules[job->module].function == nullptr) {
      recorder.unclaimed(claim);
      return {};
    }
    ActiveRun active_;
    active_.run = std::make_shared<JobRun>(*claim.run, claim.payload);
    active_.claim = claim;
    active_.module = job->module;
    active_.wakeAt = claim.run->dueAt + jitterOf(job->id, claim.run->dueAt, job->rules.jitterSeconds);
    active_.timeLimit = job->rules.timeLimitSeconds * kSecond;
    active_.runsOnce = job->runsOnce && !claim.next;
    ++job->running;
    ++modules[job->module].running;
    ++backlog;
    return active.emplace(claim.run->id, std::move(active_)).first->first;
  }

  // A claim that the database refused: the job was changed or removed elsewhere, or the lease is another's.
  void lookAgain(const Claim& claim) {
    try {
      const auto stored = store.find(claim.jobId);
      if (!stored || stored->removed) return forget(claim.jobId);
      if (stored->nextRun != claim.due || stored->paused) return apply(*stored);
      const std::lock_guard lock(mutex);
      if (!runner) return;
      if (!options.shared) {
        retryAt = clock.now() + kSecond;
        return;
      }
      lose();
      log::warning("another server starts the jobs now", {{"epoch", epoch}});
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
      while (!limits.empty() && limits.begin()->first <= monotonic) {
        endOfTime(limits.begin()->second);
        limits.erase(limits.begin());
      }
      if (!limits.empty()) wakeAt = std::min(wakeAt, now + limits.begin()->first - monotonic);
      if (mayClaim(now)) {
        auto claims = dueNow(now);
        if (!claims.empty()) {
          const auto claimEpoch = epoch;
          lock.unlock();
          claimAndStart(std::move(claims), claimEpoch);
          lock.lock();
          continue;
        }
        if (const auto* first = schedule.first(); first != nullptr) wakeAt = std::min(wakeAt, first->wakeAt);
      } else if (retryAt > now) {
        wakeAt = std::min(wakeAt, retryAt);
      }
      clock.wait(lock, timerWake, wakeAt);
    }
  }

  void endOfTime(const std::string& runId) {
    const auto found = active.find(runId);
    if (found == active.end()) return;
    found->second.run->stop(JobRun::Stop::timeLimit);
    log::warning("a run has reached its time limit and was asked to stop",
                 {{"job", found->second.run->job()}, {"run", runId}});
  }

  // --- a run ---

  // False when no worker takes it; it is off the books then.
  bool post(const std::string& runId) {
    if (workers.post([this, runId] { execute(runId); })) return true;
    const std::lock_guard lock(mutex);
    const auto found = active.find(runId);
    if (found == active.end()) return false;
    if (!found->second.run->manual()) recorder.unclaimed(found->second.claim);
    strike(found);
    return false;
  }

  using Active = std::unordered_map<std::string, ActiveRun>;

  // With the lock held: it does not go on any more.
  void strike(Active::iterator at) {
    auto& ended = at->second;
    if (!ended.begun && !ended.run->manual()) {
      --backlog;
      timerWake.notify_all();
    }
    const auto [first, last] = limits.equal_range(ended.endOfTime);
    const auto limit = std::find_if(first, last, [&](const auto& entry) { return entry.second == at->first; });
    if (limit != last) limits.erase(limit);
    if (!ended.run->manual()) {
      auto* job = schedule.find(ended.run->job());
      if (job != nullptr && job->running > 0) --job->running;
    }
    --modules[ended.module].running;
    active.erase(at);
    idle.notify_all();
  }

  void execute(const std::string& runId) {
    std::shared_ptr<JobRun> run;
    std::shared_ptr<const Function> function;
    bool runsOnce = false;
    {
      const std::lock_guard lock(mutex);
      const auto found = active.find(runId);
      if (found == active.end()) return;
      auto& here = found->second;
      function = modules[here.module].function;
      // Nothing was done yet: another server, or this one after its restart, does it.
      if ((stopping || function == nullptr) && !here.run->manual()) {
        recorder.unclaimed(here.claim);
        return strike(found);
      }
      run = here.run;
      runsOnce = here.runsOnce;
      here.begun = true;
      const auto now = clock.now();
      run->begin(now);
      if (here.timeLimit > 0) {
        here.endOfTime = clock.monotonic() + here.timeLimit;
        limits.emplace(here.endOfTime, runId);
      }
      if (!run->manual()) {
        metrics.lateness(std::max<std::int64_t>(now - here.wakeAt, 0));
        // Who waits for room is told when there is some, not for each run.
        if (--backlog == kBacklog / 2 || here.timeLimit > 0) timerWake.notify_all();
      } else if (here.timeLimit > 0) {
        timerWake.notify_all();
      }
    }
    metrics.started(run->manual());
    std::string outcome = "succeeded";
    std::string error;
    try {
      if (function == nullptr) throw ServiceError(ErrorKind::unavailable, "its module was unloaded");
      const auto text = (*function)(*run);
      if (!text.empty()) run->output(text);
    } catch (const std::exception& thrown) {
      outcome = "failed";
      error = oneLine(thrown);
    } catch (...) {
      outcome = "failed";
      error = "the job threw something that is no exception";
    }
    if (run->stopped() == JobRun::Stop::asked) outcome = "cancelled";
    if (run->stopped() == JobRun::Stop::timeLimit) outcome = "timed_out";
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
    const auto found = active.find(run->id());
    if (found != active.end()) strike(found);
    if (const auto* job = schedule.find(run->job()); runsOnce && job != nullptr && !job->due)
      schedule.remove(run->job());
  }

  bool stopHere(std::string_view runId) {
    const std::lock_guard lock(mutex);
    const auto found = active.find(std::string(runId));
    if (found == active.end()) return false;
    found->second.run->stop(JobRun::Stop::asked);
    return true;
  }

  std::vector<std::shared_ptr<JobRun>> runningHere() const {
    const std::lock_guard lock(mutex);
    std::vector<std::shared_ptr<JobRun>> runs;
    for (const auto& [id, run] : active) runs.push_back(run.run);
    return runs;
  }

  // --- changes ---

  // `alter` gets the job and changes it; false: leave it.
  StoredJob change(std::string_view id, const std::function<void(StoredJob&)>& alter) {
    StoredJob changed;
    store.database().transaction([&](db::Session& session) {
      const auto revision = JobStore::beginChange(session);
      auto job = JobStore::findToChange(session, id, revision);
      if (!job || job->removed) throwNoJob(id);
      changed = std::move(*job);
      alter(changed);
      changed.revision = revision;
      JobStore::update(session, changed);
    });
    apply(changed);
    tellOthers();
    return changed;
  }

  // Members are in the order in which they may be used; threads go first at the end.
  JobsOptions options;
  JobClock& clock;
  JobStore store;
  JobMetrics metrics;

  mutable std::mutex mutex;
  std::condition_variable timerWake;
  std::condition_variable keeperWake;
  std::condition_variable idle;  // a run has ended
  std::deque<Module> modules;
  JobSchedule schedule;  // of the runner
  TriggerCache triggers;
  Active active;                                    // runs that go on here, or wait for a worker
  std::multimap<std::int64_t, std::string> limits;  // monotonic time -> run
  std::size_t backlog = 0;                          // claimed, not begun
  bool started = false, stopping = false, enabled = true;
  bool runner = false;
  bool keeperAsked = false;
  std::int64_t epoch = 0;
  std::int64_t validUntil = 0;  // monotonic: without a renewal nothing is claimed after it
  std::int64_t retryAt = 0;
  std::int64_t seenRevision = 0;
  // The keeper's own.
  StoredRunner seenRunner;
  std::int64_t seenSince = 0;
  struct SeenNode {
    std::int64_t beat = -1;
    std::int64_t since = 0;
    bool closed = false;
  };
  std::map<std::string, SeenNode, std::less<>> seenNodes;

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
  const auto number = self.moduleNumber(module);
  self.modules[number].function = std::make_shared<const Function>(std::move(function));
  self.schedule.each([&](PlannedJob& job) {
    if (job.module == number) self.arrange(job);
  });
  self.timerWake.notify_all();
}

void Jobs::withdraw(std::string_view module) noexcept {
  auto& self = *implementation_;
  std::unique_lock lock(self.mutex);
  const auto number = self.moduleNumber(module);
  self.modules[number].function = nullptr;
  self.modules[number].declared.clear();
  self.schedule.each([&](PlannedJob& job) {
    if (job.module == number) self.arrange(job);
  });
  for (const auto& [id, run] : self.active) {
    if (run.module == number) run.run->stop(JobRun::Stop::asked);
  }
  self.idle.wait(lock, [&] { return self.modules[number].running == 0; });
}

void Jobs::declare(std::string_view module, std::vector<JobDefinition> jobs) {
  auto& self = *implementation_;
  const auto now = self.clock.now();
  std::map<std::string, StoredJob> wanted;
  for (const auto& job : jobs) wanted.emplace(job.id(), storedFrom(job, true, now));
  const auto settled = [&](const StoredJob& known) {
    const auto found = wanted.find(known.id);
    return found == wanted.end() ? !known.declared : sameDefinition(known, found->second);
  };
  const auto known = self.store.ofModule(module);
  const auto missing = [&] {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& job) {
      return std::none_of(known.begin(), known.end(), [&](const auto& other) { return other.id == job.first; });
    });
  };
  if (!std::all_of(known.begin(), known.end(), settled) || missing()) {
    std::vector<StoredJob> changed;
    std::vector<std::string> gone;
    self.store.database().transaction([&](db::Session& session) {
      changed.clear();
      gone.clear();
      const auto revision = JobStore::beginChange(session);
      for (auto& [id, fresh] : wanted) {
        auto before = JobStore::findToChange(session, id, revision);
        if (before && sameDefinition(*before, fresh)) continue;
        auto job = before ? merged(*before, fresh) : fresh;
        job.revision = revision;
        before ? JobStore::update(session, job) : JobStore::insert(session, job);
        changed.push_back(std::move(job));
      }
      for (const auto& job : known) {
        if (!job.declared || wanted.contains(job.id)) continue;
        JobStore::erase(session, job.id);
        gone.push_back(job.id);
      }
    });
    for (const auto& job : changed) self.apply(job);
    for (const auto& id : gone) self.forget(id);
    self.tellOthers();
  }
  const std::lock_guard lock(self.mutex);
  self.modules[self.moduleNumber(module)].declared = std::move(jobs);
}

void Jobs::put(JobDefinition definition) {
  auto& self = *implementation_;
  const auto fresh = storedFrom(definition, false, self.clock.now());
  const auto refuse = [&](const StoredJob& known) {
    if (known.declared) throw ServiceError(ErrorKind::invalid, "job " + fresh.id + " is declared; take another id");
  };
  // Modules put the same jobs again at each start; that costs no write.
  if (const auto known = self.store.find(fresh.id); known) {
    refuse(*known);
    if (sameDefinition(*known, fresh)) return;
  }
  StoredJob job;
  self.store.database().transaction([&](db::Session& session) {
    const auto revision = JobStore::beginChange(session);
    const auto known = JobStore::findToChange(session, fresh.id, revision);
    if (known) refuse(*known);
    job = known ? merged(*known, fresh) : fresh;
    job.revision = revision;
    known ? JobStore::update(session, job) : JobStore::insert(session, job);
  });
  db::afterCommit([&self, job] {
    self.apply(job);
    self.tellOthers();
  });
}

bool Jobs::remove(std::string_view id) {
  auto& self = *implementation_;
  bool found = false;
  self.store.database().transaction([&](db::Session& session) {
    const auto revision = JobStore::beginChange(session);
    auto job = JobStore::findToChange(session, id, revision);
    found = job && !job->removed;
    if (!found) return;
    if (!job->declared) return JobStore::erase(session, id);
    job->removed = true;
    job->nextRun = std::nullopt;
    job->revision = revision;
    JobStore::update(session, *job);
  });
  if (!found) return false;
  db::afterCommit([&self, id = std::string(id)] {
    self.forget(id);
    for (const auto& run : self.runningHere()) {
      if (run->job() == id) run->stop(JobRun::Stop::asked);
    }
    if (self.options.shared) self.store.askJobToStop(id);
    self.tellOthers();
  });
  return true;
}

bool Jobs::exists(std::string_view id) {
  const auto job = implementation_->store.find(id);
  return job && !job->removed;
}

StoredJob Jobs::find(std::string_view id) {
  auto job = implementation_->store.find(id);
  if (!job || job->removed) throwNoJob(id);
  return std::move(*job);
}

StoredJob Jobs::changeTrigger(std::string_view id, const Trigger& trigger) {
  return implementation_->change(id, [&](StoredJob& job) {
    job.trigger = trigger.text();
    job.zone = trigger.zone();
    job.nextRun = job.paused ? std::nullopt : trigger.next(implementation_->clock.now());
  });
}

StoredJob Jobs::pause(std::string_view id) {
  return implementation_->change(id, [](StoredJob& job) {
    job.paused = true;
    job.nextRun = std::nullopt;
  });
}

StoredJob Jobs::resume(std::string_view id) {
  return implementation_->change(id, [&](StoredJob& job) {
    job.paused = false;
    job.nextRun = Trigger::parse(job.trigger, job.zone).next(implementation_->clock.now());
  });
}

std::string Jobs::runNow(std::string_view id, std::int64_t createdBy, bool alongside) {
  auto& self = *implementation_;
  const auto job = find(id);
  const auto now = self.clock.now();
  auto record = self.newRun(job.id, now, now);
  record.manual = true;
  record.createdBy = createdBy;
  {
    const std::lock_guard lock(self.mutex);
    if (!self.enabled || self.stopping)
      throw ServiceError(ErrorKind::unavailable, "the scheduler is switched off on this server", 0, "scheduler_off");
    const auto number = self.moduleNumber(job.module);
    if (self.modules[number].function == nullptr)
      throw ServiceError(ErrorKind::unavailable, "module " + job.module + " does not run on this server", 0,
                         "job_not_loaded");
    const bool goesOn = std::any_of(self.active.begin(), self.active.end(),
                                    [&](const auto& other) { return other.second.run->job() == job.id; });
    if (!alongside && goesOn) throw ServiceError(ErrorKind::denied, "job " + job.id + " is running");
    ActiveRun run;
    run.run = std::make_shared<JobRun>(record, job.payload);
    run.module = number;
    run.timeLimit = job.rules.timeLimitSeconds * kSecond;
    ++self.modules[number].running;
    self.active.emplace(record.id, std::move(run));
  }
  bool posted = false;
  try {
    self.store.startManual(record);
    posted = self.post(record.id);
  } catch (...) {
    const std::lock_guard lock(self.mutex);
    if (const auto at = self.active.find(record.id); at != self.active.end()) self.strike(at);
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
  std::vector<JobDefinition> declared;
  {
    const std::lock_guard lock(self.mutex);
    for (const auto& module : self.modules)
      declared.insert(declared.end(), module.declared.begin(), module.declared.end());
  }
  const auto now = self.clock.now();
  std::vector<StoredJob> fresh;
  for (const auto& job : declared) fresh.push_back(storedFrom(job, true, now));
  std::sort(fresh.begin(), fresh.end(), [](const StoredJob& a, const StoredJob& b) {
    const auto never = std::numeric_limits<std::int64_t>::max();
    return std::pair(a.nextRun.value_or(never), a.id) < std::pair(b.nextRun.value_or(never), b.id);
  });
  JobsReload result;
  self.store.database().transaction([&](db::Session& session) {
    const auto revision = JobStore::beginChange(session);
    result.deleted = JobStore::eraseAll(session);
    for (auto& job : fresh) {
      job.revision = revision;
      JobStore::insert(session, job);
    }
  });
  for (const auto& id : result.deleted) self.forget(id);
  for (const auto& job : fresh) {
    self.apply(job);
    result.reloaded.push_back(job.id);
  }
  self.tellOthers();
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
  return std::any_of(implementation_->modules.begin(), implementation_->modules.end(),
                     [&](const auto& known) { return known.name == module && known.function != nullptr; });
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
  status.runner = self.runner;
  return status;
}

const JobsOptions& Jobs::options() const { return implementation_->options; }

std::optional<std::int64_t> Jobs::nextRun(const StoredJob& job) {
  if (job.paused || !job.nextRun) return std::nullopt;
  return *job.nextRun + jitterOf(job.id, *job.nextRun, job.rules.jitterSeconds);
}

void Jobs::start() {
  auto& self = *implementation_;
  bool wanted = false;
  {
    const std::lock_guard lock(self.mutex);
    if (self.started || self.stopping) return;
    self.started = true;
    wanted = self.enabled;
  }
  const auto lost = self.store.closeLost(self.options.node, self.options.boot, self.clock.now());
  if (lost > 0) log::warning("runs of jobs were cut off when the server ended", {{"runs", lost}});
  self.recorder.start();
  if (self.options.shared) {
    self.keeper = std::thread([&self] { self.keeperLoop(); });
  } else if (wanted) {
    self.acquire(self.store.runner());
  }
  self.timer = std::thread([&self] { self.timerLoop(); });
}

void Jobs::enable(bool on) {
  auto& self = *implementation_;
  std::int64_t given = 0;
  {
    const std::lock_guard lock(self.mutex);
    if (self.enabled == on) return;
    self.enabled = on;
    if (!on && self.runner) {
      given = self.epoch;
      self.lose();
    }
    self.keeperAsked = true;
    self.keeperWake.notify_all();
    if (!self.started) return;
  }
  log::info(on ? "the scheduler is switched on" : "the scheduler is switched off");
  if (given > 0) self.store.release(self.options.node, given);
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
    for (const auto& [id, run] : self.active) run.run->stop(JobRun::Stop::asked);
    self.timerWake.notify_all();
    self.keeperWake.notify_all();
    // Runs that have not begun leave as soon as a worker looks at them.
    quiet = self.idle.wait_for(lock, limit, [&] { return self.active.empty(); });
  }
  if (self.timer.joinable()) self.timer.join();
  if (self.keeper.joinable()) self.keeper.join();
  std::int64_t given = 0;
  {
    const std::lock_guard lock(self.mutex);
    if (self.runner) given = self.epoch;
    self.lose();
  }
  self.recorder.stop();
  try {
    // A run that goes on still may need the lease's protection: then it runs out by itself.
    if (given > 0 && quiet) self.store.release(self.options.node, given);
  } catch (const std::exception& error) {
    log::warning("the lease of the jobs can't be given away; it runs out by itself", {{"reason", error.what()}});
  }
  return quiet;
}

}  // namespace mortise::services
