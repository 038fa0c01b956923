// The job engine: runs jobs when they are due, once per cluster. Jobs, their state and the record of runs live in the
// database; the server that holds the lease (the runner) keeps what is due in a heap and claims each run with one
// conditional UPDATE before it starts. Every server reads, changes and runs by hand.
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

// Thread-safe. What is not found, not allowed or not possible: ServiceError; the database: db::Error. Blocks.
class Jobs {
 public:
  // Returns a short text for the record; throws to fail.
  using Function = JobFunction;

  Jobs(db::Database& database, JobsOptions options);
  ~Jobs();  // stop(10 s)
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  // From now on the jobs of `module` run here, by `function`.
  void serve(std::string_view module, Function function);
  // They don't any more; runs that go on are asked to stop, and waited for. Not from within a job of that module.
  void withdraw(std::string_view module) noexcept;
  // All jobs that a module.yaml (or the kernel) declares. What is new comes in, what changed is taken over unless an
  // operator changed it, what is gone goes. An operator's removal stays.
  void declare(std::string_view module, std::vector<JobDefinition> jobs);

  // With the same trigger, next run and pause stay. ServiceError{invalid} when a declared job has that id.
  void put(JobDefinition job);
  // Runs that go on are asked to stop. False when there is none.
  bool remove(std::string_view id);
  bool exists(std::string_view id);

  // ServiceError{notFound} in all of these. They return the job as it is then.
  StoredJob find(std::string_view id);
  StoredJob changeTrigger(std::string_view id, const Trigger& trigger);
  StoredJob pause(std::string_view id);
  StoredJob resume(std::string_view id);
  // Starts a run on this server and returns its id. {denied} when it is running and that matters; {unavailable}.
  std::string runNow(std::string_view id, std::int64_t createdBy, bool alongside);
  // Of one run, wherever it goes on. False when it is over or unknown.
  bool cancel(std::string_view runId);
  JobsReload reload();

  void each(const std::function<void(const StoredJob&)>& visit);  // by id
  std::vector<StoredJob> ofModule(std::string_view module);
  bool loaded(std::string_view module) const;
  std::vector<StoredRun> runs(std::string_view jobId, std::int64_t skip, std::int64_t limit, std::int64_t& total);
  std::optional<StoredRun> run(std::string_view id);
  std::int64_t purge(std::int64_t endedBefore);
  JobsStatus status();
  const JobsOptions& options() const;
  // When the job comes, jitter included, in its zone; empty: paused, or never again.
  static std::optional<std::int64_t> nextRun(const StoredJob& job);

  // Takes the lease, or waits for it to become free. Runs that the server's former process left open are closed as lost.
  void start();
  // While off, this server starts no run and gives the lease away.
  void enable(bool on);
  // Another server changed something.
  void noticeChanges();
  // No new runs, cancels running ones, waits at most `limit`, gives the lease away. False when one is still running.
  bool stop(std::chrono::milliseconds limit);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::services
