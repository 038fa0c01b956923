// The job engine: runs jobs when they are due, once per cluster. Jobs, their state and the record of runs are in the
// database; the server that holds the lease (the runner) keeps due times in a heap and claims each run with one
// conditional UPDATE before it starts. Every server can read, change and manually run jobs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/jobs/job_definition.hpp"
#include "core/services/jobs/job_run.hpp"
#include "core/services/jobs/job_store.hpp"
#include "core/services/jobs/jobs_options.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {

struct JobsStatus {
  bool enabled = true;
  bool runner = false;
  std::string node;
  std::string runnerNode;
  std::int64_t epoch = 0;
  std::int64_t jobs = 0;
  std::int64_t running = 0;
};

struct JobsReload {
  std::vector<std::string> deleted;   // by next run, those without one last
  std::vector<std::string> reloaded;  // the same
};

// Thread-safe. Throws ServiceError for unknown, refused or impossible requests, db::Error for the database. Blocks.
class Jobs {
 public:
  // Returns a short text for the record; throws to fail.
  using Function = JobFunction;

  Jobs(db::Database& database, JobsOptions options);
  ~Jobs();  // stop(10 s)
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // From now on `function` runs the jobs of `module` here.
  void serve(std::string_view module, Function function);
  // The opposite; asks current runs to stop, and waits for them. Not from within a job of that module.
  void withdraw(std::string_view module) noexcept;
  // All jobs that a module.yaml (or the kernel) declares: new ones are added, changed ones updated unless an operator
  // changed them, missing ones removed. A removal by an operator stays.
  void declare(std::string_view module, std::vector<JobDefinition> jobs);

  // With the same trigger, next run and pause stay. ServiceError{invalid} when a declared job has that id.
  void put(JobDefinition job);
  // Asks current runs to stop. Returns false when there is no such job.
  bool remove(std::string_view id);
  bool exists(std::string_view id);

  // All of these throw ServiceError{notFound}, and return the job's new state.
  StoredJob find(std::string_view id);
  StoredJob changeTrigger(std::string_view id, const Trigger& trigger);
  StoredJob pause(std::string_view id);
  StoredJob resume(std::string_view id);
  // Starts a run on this server and returns its id. {denied} when it is running and `alongside` is false;
  // {unavailable}.
  std::string runNow(std::string_view id, std::int64_t createdBy, bool alongside);
  // Asks one run to stop, on whichever server. Returns false when it has ended or is unknown.
  bool cancel(std::string_view runId);
  JobsReload reload();

  void each(const std::function<void(const StoredJob&)>& visit);  // by id
  std::vector<StoredJob> ofModule(std::string_view module);
  bool loaded(std::string_view module) const;
  std::vector<StoredRun> runs(std::string_view jobId, std::int64_t skip, std::int64_t limit, std::int64_t& total);
  std::optional<StoredRun> run(std::string_view id);
  // What runs of all jobs report, this server's to the last moment: the first `limit` changes beyond `revision`, see
  // JobStore::reportedSince().
  std::vector<ReportedRun> reportedSince(std::int64_t revision, std::int64_t limit);
  std::int64_t purge(std::int64_t endedBefore);
  JobsStatus status();
  const JobsOptions& options() const;
  // The next time of the job, with jitter, in its zone; empty: paused, or never again.
  static std::optional<std::int64_t> nextRun(const StoredJob& job);

  // Takes the lease, or waits until it is free. Closes the open runs of the server's earlier process as lost.
  void start();
  // While off, this server starts no run and releases the lease.
  void enable(bool on);
  // Another server has changed jobs.
  void noticeChanges();
  // Starts no new runs, cancels current ones, waits at most `limit`, releases the lease. Returns false when one is
  // still running.
  bool stop(std::chrono::milliseconds limit);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::services
