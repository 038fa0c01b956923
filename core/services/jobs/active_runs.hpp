// The runs of this server from their claim to their end: those that wait for a worker, the running ones, and their time
// limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/services/jobs/job_run.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

struct ActiveRun {
  std::shared_ptr<JobRun> run;
  Claim claim;  // of a scheduled run only
  std::uint32_t module = 0;
  std::int64_t wakeAt = 0;     // planned start
  std::int64_t timeLimit = 0;  // microseconds; 0: none
  bool runsOnce = false;       // its job is removed with it
  bool begun = false;
  std::int64_t stopAt = 0;  // monotonic: the time limit of a run that has begun
};

// Not thread-safe: the engine's lock guards it.
class ActiveRuns {
 public:
  const std::string& add(ActiveRun run);  // returns the run's id
  ActiveRun* find(std::string_view runId);
  // Marks it as running on a worker; its time limit counts from `monotonic`.
  void begin(ActiveRun& run, std::int64_t monotonic);
  // Returns the removed run; nullopt when there is no such run.
  std::optional<ActiveRun> remove(std::string_view runId);

  // The following ask runs to stop.
  bool stop(std::string_view runId);  // false when there is no such run
  void stopAll();
  void stopClockRuns();
  void stopModule(std::uint32_t module);
  void stopJob(std::string_view jobId);
  // The runs whose limit is at or before `monotonic`; each is returned once.
  std::vector<std::shared_ptr<JobRun>> takeOverdue(std::int64_t monotonic);
  std::optional<std::int64_t> nextLimit() const;  // monotonic

  bool empty() const { return runs_.empty(); }
  std::size_t size() const { return runs_.size(); }
  std::size_t waiting() const { return waiting_; }  // claimed runs that no worker has started
  bool anyOfModule(std::uint32_t module) const;
  bool anyOfJob(std::string_view jobId) const;
  std::uint32_t clockRunsOfJob(std::string_view jobId) const;
  std::vector<std::shared_ptr<JobRun>> all() const;

 private:
  std::unordered_map<std::string, ActiveRun> runs_;
  std::multimap<std::int64_t, std::string> limits_;  // monotonic time -> run
  std::size_t waiting_ = 0;
};

}  // namespace mortise::services
