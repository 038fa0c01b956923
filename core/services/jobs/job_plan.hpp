// A server's in-memory state of the jobs: the modules that run here, and, on the runner, when each job is due.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/jobs/job_metrics.hpp"
#include "core/services/jobs/job_run.hpp"
#include "core/services/jobs/job_schedule.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

// Not thread-safe: the engine's lock guards it.
class JobPlan {
 public:
  using FunctionPtr = std::shared_ptr<const JobFunction>;

  // Claims of one transaction, and jobs that one takeBeyond() looks at: the engine's lock and the database are never held
  // for long, however many jobs there are.
  static constexpr std::size_t kAtOnce = 256;

  explicit JobPlan(JobMetrics& metrics) : metrics_(metrics) {}

  // A module keeps its number as long as the server runs.
  std::uint32_t moduleNumber(std::string_view name);
  bool loaded(std::string_view module) const;
  const FunctionPtr& function(std::uint32_t module) const { return modules_[module].function; }  // null: not loaded
  // Null: the module is not loaded any more; its jobs wait.
  void setFunction(std::uint32_t module, FunctionPtr function);

  // Adds a job, or updates it. One with an unreadable trigger is skipped and logged. Its due time is to be checked, since
  // another clock may have set it: this one before it was set back, or another server's.
  void put(const StoredJob& stored);
  void remove(std::string_view id) { schedule_.remove(id); }
  void clear();
  bool contains(std::string_view id) { return schedule_.find(id) != nullptr; }
  std::size_t size() const { return schedule_.size(); }
  std::size_t waiting() const { return schedule_.waiting(); }  // jobs with a next run
  std::optional<std::int64_t> nextWake();

  // The jobs that are due at `now`, kAtOnce of them at most, until `room` of them are to run; each is reserved until
  // settle(). `claim.run` has job and due time only; it is empty for a skipped time, which is counted and logged.
  std::vector<Claim> takeDue(std::int64_t now, std::size_t room);
  // For a clock that was set back: the due time of every job that waits for a time after `now` is to be checked.
  void checkTimesBeyond(std::int64_t now);
  bool hasTimesToCheck() const { return !unchecked_.empty(); }
  // Of the next kAtOnce jobs to check those whose due time lies after their trigger's next one at `now`, each with a
  // claim that moves it to that, without a run. Reserved until settle(), as by takeDue().
  std::vector<Claim> takeBeyond(std::int64_t now);
  // Ends the claim. Returns the job, advanced when the claim succeeded; null when it was removed meanwhile.
  PlannedJob* settle(const Claim& claim);

  // Current scheduled runs by job; jobs that are not in the plan are ignored.
  void setRunning(std::string_view id, std::uint32_t runs);
  void runEnded(std::string_view id);
  // A job that runs once is removed with its run.
  void removeIfOver(std::string_view id);

 private:
  struct Module {
    std::string name;
    FunctionPtr function;
  };
  void arrange(PlannedJob& job);

  JobMetrics& metrics_;
  std::deque<Module> modules_;
  JobSchedule schedule_;
  std::vector<std::string> unchecked_;  // ids
};

}  // namespace mortise::services
