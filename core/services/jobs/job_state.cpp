#include "core/services/jobs/job_state.hpp"

#include <utility>

#include "core/base/identifiers.hpp"

namespace mortise::services {

JobState::JobState(db::Database& database, JobsOptions chosen)
    : options(std::move(chosen)),
      clock(*options.clock),
      store(database),
      metrics(options.metrics),
      plan(metrics),
      lease(store, clock, options.node, options.lease, options.reported) {
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

void JobState::apply(const StoredJob& stored) {
  const std::lock_guard lock(mutex);
  if (!lease.held()) return;
  if (stored.removed) {
    plan.remove(stored.id);
  } else {
    const bool known = plan.contains(stored.id);
    plan.put(stored);
    // A run of a job that was removed and created again may still be active.
    if (!known) plan.setRunning(stored.id, active.clockRunsOfJob(stored.id));
  }
  timerWake.notify_all();
}

void JobState::forget(std::string_view id) {
  const std::lock_guard lock(mutex);
  plan.remove(id);
}

bool JobState::isRunner() const {
  const std::lock_guard lock(mutex);
  return lease.held();
}

bool JobState::hasRuns() const {
  const std::lock_guard lock(mutex);
  return !active.empty();
}

std::vector<std::shared_ptr<JobRun>> JobState::runs() const {
  const std::lock_guard lock(mutex);
  return active.all();
}

bool JobState::stopRun(std::string_view runId) {
  const std::lock_guard lock(mutex);
  return active.stop(runId);
}

StoredRun JobState::newRun(const std::string& jobId, std::int64_t dueAt, std::int64_t now) const {
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

}  // namespace mortise::services
