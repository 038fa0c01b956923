// The shared state of the job engine's threads: the stored jobs and, under one lock, what this server plans, runs and
// may start. The database is used without the lock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/jobs/active_runs.hpp"
#include "core/services/jobs/job_lease.hpp"
#include "core/services/jobs/job_metrics.hpp"
#include "core/services/jobs/job_plan.hpp"
#include "core/services/jobs/job_store.hpp"
#include "core/services/jobs/jobs_options.hpp"

namespace mortise::services {

// Claimed runs that wait for a worker. Further ones stay in the database, where another server finds them if this one
// crashes.
constexpr std::size_t kMaxWaitingRuns = 256;

struct JobState {
  JobState(db::Database& database, JobsOptions chosen);
  JobState(const JobState&) = delete;
  JobState& operator=(const JobState&) = delete;

  // These take the lock. Any thread; none blocks on the database.
  // Call after a committed change: updates the plan while this server is the runner.
  void apply(const StoredJob& stored);
  void forget(std::string_view id);
  bool isRunner() const;
  bool hasRuns() const;
  std::vector<std::shared_ptr<JobRun>> runs() const;
  bool stopRun(std::string_view runId);  // false when there is no such run here

  // With the lock held: the record of a run that this server starts at `now`.
  StoredRun newRun(const std::string& jobId, std::int64_t dueAt, std::int64_t now) const;

  JobsOptions options;
  JobClock& clock;
  JobStore store;
  JobMetrics metrics;

  mutable std::mutex mutex;  // guards everything below it
  std::condition_variable timerWake;
  std::condition_variable idle;  // a run has ended
  JobPlan plan;
  ActiveRuns active;
  JobLease lease;  // its term; see there for what needs no lock
  bool started = false;
  bool stopping = false;
  bool enabled = true;
};

}  // namespace mortise::services
