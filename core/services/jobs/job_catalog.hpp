// The stored jobs: declared by modules, created by modules, changed by operators. Every change is one transaction; the
// engine (jobs.hpp) applies it to the schedule.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/jobs/job_clock.hpp"
#include "core/services/jobs/job_definition.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

// The result of a committed change.
struct JobChanges {
  std::vector<StoredJob> changed;    // including new ones, in their present state
  std::vector<std::string> removed;  // ids
  bool none() const { return changed.empty() && removed.empty(); }
};

// Thread-safe; blocks. An unknown job: ServiceError{notFound}; the database: db::Error.
class JobCatalog {
 public:
  JobCatalog(JobStore& store, JobClock& clock) : store_(store), clock_(clock) {}

  // `jobs` are all declarations of `module` from now on: new ones are added, changed ones updated unless an operator
  // changed them, others of that module removed. A removal by an operator stays.
  JobChanges declare(std::string_view module, std::vector<JobDefinition> jobs);
  // The module is not loaded any more: reload() skips its jobs.
  void withdraw(std::string_view module) noexcept;
  // With the same trigger, next run and pause stay. Returns nullopt when nothing changed. ServiceError{invalid} when a
  // declared job has that id.
  std::optional<StoredJob> put(const JobDefinition& definition);
  // Returns false when there is none.
  bool remove(std::string_view id);
  // Erases all jobs, then stores the declared ones of the loaded modules. Both lists by next run, those without one last.
  JobChanges reload();

  StoredJob find(std::string_view id);
  bool exists(std::string_view id);
  // These return the job's new state.
  StoredJob changeTrigger(std::string_view id, const Trigger& trigger);
  StoredJob pause(std::string_view id);
  StoredJob resume(std::string_view id);

 private:
  StoredJob change(std::string_view id, const std::function<void(StoredJob&)>& alter);

  JobStore& store_;
  JobClock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::vector<JobDefinition>, std::less<>> declared_;  // by module
};

}  // namespace mortise::services
