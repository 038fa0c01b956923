// The way of a run on this server: taken in by the clock or by hand, run on a worker, recorded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/worker_pool.hpp"
#include "core/services/jobs/job_state.hpp"
#include "core/services/jobs/run_recorder.hpp"

namespace mortise::services {

class RunWorkers {
 public:
  explicit RunWorkers(JobState& state);

  void start() { recorder_.start(); }
  // Records what has ended. Runs that still go on are waited for by the destructor.
  void stop() noexcept { recorder_.stop(); }

  // A claimed run becomes an active one; post() its id when the lock of `state`, which is held here, is free. Empty when
  // its module was unloaded meanwhile: the claim is released.
  std::string add(const Claim& claim, PlannedJob* job);
  // False when no worker takes it; it is not active any more then. Without the lock.
  bool post(const std::string& runId);
  // Starts a run by hand and returns its id. Blocks. ServiceError{denied} when the job is running and `alongside` is
  // false; {unavailable}: the scheduler is off, the module not loaded, all workers busy.
  std::string startByHand(const StoredJob& job, std::int64_t createdBy, bool alongside);
  // Writes the records of runs that have ended. Blocks; throws db::Error.
  void flush() { recorder_.flush(); }

 private:
  // With the lock held.
  void remove(std::string_view runId);
  void execute(const std::string& runId);
  void finish(const std::shared_ptr<JobRun>& run, const std::string& outcome, const std::string& error, bool runsOnce);

  JobState& state_;
  RunRecorder recorder_;
  WorkerPool workers_;
};

}  // namespace mortise::services
