// The jobs in the memory of a cluster's runner, ordered by due time. Data that is only needed for a run stays in the
// database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/services/jobs/job_store.hpp"
#include "core/services/jobs/trigger.hpp"

namespace mortise::services {

struct PlannedJob {
  std::string id;
  Trigger trigger;
  JobRules rules;
  std::uint32_t module = 0;  // the engine's number of the module
  std::uint32_t running = 0;
  std::optional<std::int64_t> due{};  // the trigger's next time; none: paused, or never again
  std::int64_t wakeAt = 0;            // `due` plus jitter
  std::int64_t lastRun = 0;           // when the last run began; 0: never
  bool hasPayload = false;
  bool runsOnce = false;  // created at run time with a date
  bool busy = false;      // a claim is in progress
  std::uint32_t place = kNowhere;

  static constexpr std::uint32_t kNowhere = 0xffffffff;
};

// A binary heap by wakeAt over jobs that are found by id. Not thread-safe.
class JobSchedule {
 public:
  PlannedJob* find(std::string_view id);
  // Replaces the job with this id; its runs and its position stay.
  PlannedJob& put(PlannedJob job);
  void remove(std::string_view id);

  PlannedJob* first() { return heap_.empty() ? nullptr : heap_.front(); }
  // Inserts the job at its position, or removes it when `waits` is false.
  void arrange(PlannedJob& job, bool waits);

  template <typename Visit>
  void each(Visit visit) {
    for (auto& entry : jobs_) visit(*entry.second);
  }
  std::size_t size() const { return jobs_.size(); }
  std::size_t waiting() const { return heap_.size(); }
  void reserve(std::size_t jobs);

 private:
  void set(std::size_t place, PlannedJob* job);
  void up(std::size_t place);
  void down(std::size_t place);

  std::unordered_map<std::string_view, std::unique_ptr<PlannedJob>> jobs_;  // the keys point into the jobs
  std::vector<PlannedJob*> heap_;
};

}  // namespace mortise::services
