#include "core/services/jobs/run_workers.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/services/jobs/due_step.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
// Manual runs that wait for a worker.
constexpr std::size_t kMaxManualWaiting = 256;
constexpr std::size_t kMaxError = 4000;

std::string oneLine(const std::exception& error) {
  return std::string(text::head(text::storable(error.what()), kMaxError));
}

struct RunResult {
  std::string outcome = "succeeded";
  std::string error;
};

// Runs the job's function on this thread. `function` is null when the module was unloaded meanwhile.
RunResult perform(const JobFunction* function, JobRun& run) {
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

RunWorkers::RunWorkers(JobState& state)
    : state_(state),
      recorder_(
          state.store, [&state] { return state.runs(); },
          [&state] {
            if (state.options.reported) state.options.reported();
          }),
      workers_("job", std::max<std::size_t>(state.options.workers, 1), kMaxWaitingRuns + kMaxManualWaiting,
               [](std::exception_ptr) { log::error("a run of a job let an exception out"); }) {}

std::string RunWorkers::add(const Claim& claim, PlannedJob* job) {
  if (job == nullptr || state_.stopping || state_.plan.function(job->module) == nullptr) {
    recorder_.release(claim);
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
  return state_.active.add(std::move(run));
}

bool RunWorkers::post(const std::string& runId) {
  if (workers_.post([this, runId] { execute(runId); })) return true;
  const std::lock_guard lock(state_.mutex);
  const auto* run = state_.active.find(runId);
  if (run == nullptr) return false;
  if (!run->run->manual()) recorder_.release(run->claim);
  remove(runId);
  return false;
}

std::string RunWorkers::startByHand(const StoredJob& job, std::int64_t createdBy, bool alongside) {
  const auto now = state_.clock.now();
  StoredRun record;
  {
    const std::lock_guard lock(state_.mutex);
    if (!state_.enabled || state_.stopping)
      throw ServiceError(ErrorKind::unavailable, "the scheduler is switched off on this server", 0, "scheduler_off");
    const auto number = state_.plan.moduleNumber(job.module);
    if (state_.plan.function(number) == nullptr)
      throw ServiceError(ErrorKind::unavailable, "module " + job.module + " does not run on this server", 0,
                         "job_not_loaded");
    if (!alongside && state_.active.anyOfJob(job.id))
      throw ServiceError(ErrorKind::denied, "job " + job.id + " is running");
    record = state_.newRun(job.id, now, now);
    record.manual = true;
    record.createdBy = createdBy;
    ActiveRun run;
    run.run = std::make_shared<JobRun>(record, job.payload);
    run.module = number;
    run.timeLimit = job.rules.timeLimitSeconds * kSecond;
    state_.active.add(std::move(run));
  }
  bool posted = false;
  try {
    state_.store.startManual(record);
    posted = post(record.id);
  } catch (...) {
    const std::lock_guard lock(state_.mutex);
    remove(record.id);
    throw;
  }
  if (posted) return record.id;
  RunEnd end;
  end.id = record.id;
  end.jobId = record.jobId;
  end.outcome = "failed";
  end.error = "all workers are busy";
  end.startedAt = end.endedAt = now;
  recorder_.ended(std::move(end));
  throw ServiceError(ErrorKind::unavailable, "all workers of jobs are busy", 5, "workers_busy");
}

void RunWorkers::remove(std::string_view runId) {
  const auto removed = state_.active.remove(runId);
  if (!removed) return;
  if (!removed->run->manual()) {
    if (!removed->begun) state_.timerWake.notify_all();
    state_.plan.runEnded(removed->run->job());
  }
  state_.idle.notify_all();
}

void RunWorkers::execute(const std::string& runId) {
  std::shared_ptr<JobRun> run;
  JobPlan::FunctionPtr function;
  bool runsOnce = false;
  {
    const std::lock_guard lock(state_.mutex);
    auto* here = state_.active.find(runId);
    if (here == nullptr) return;
    function = state_.plan.function(here->module);
    // The run has not started: another server, or this one after its restart, runs it.
    if ((state_.stopping || function == nullptr) && !here->run->manual()) {
      recorder_.release(here->claim);
      return remove(runId);
    }
    run = here->run;
    runsOnce = here->runsOnce;
    const auto now = state_.clock.now();
    run->begin(now);
    state_.active.begin(*here, state_.clock.monotonic());
    if (!run->manual()) state_.metrics.lateness(std::max<std::int64_t>(now - here->wakeAt, 0));
    // The timer that waits for room is notified when there is some, not after each run.
    const bool roomAgain = !run->manual() && state_.active.waiting() == kMaxWaitingRuns / 2;
    if (roomAgain || here->timeLimit > 0) state_.timerWake.notify_all();
  }
  state_.metrics.started(run->manual());
  const auto [outcome, error] = perform(function.get(), *run);
  finish(run, outcome, error, runsOnce);
}

void RunWorkers::finish(const std::shared_ptr<JobRun>& run, const std::string& outcome, const std::string& error,
                        bool runsOnce) {
  RunEnd end = run->snapshot();
  end.outcome = outcome;
  end.error = error;
  end.endedAt = state_.clock.now();
  end.removesJob = runsOnce;
  state_.metrics.ended(outcome);
  if (outcome == "failed") {
    log::error("a job failed", {{"job", run->job()}, {"run", run->id()}, {"reason", error}});
  } else {
    log::debug("a job ran", {{"job", run->job()}, {"run", run->id()}, {"outcome", outcome}});
  }
  recorder_.ended(std::move(end), run);
  const std::lock_guard lock(state_.mutex);
  remove(run->id());
  if (runsOnce) state_.plan.removeIfOver(run->job());
}

}  // namespace mortise::services
