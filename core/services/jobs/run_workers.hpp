// Takes a run through this server: accepted from the clock or from a manual request, run on a worker, recorded.
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
  // Records ended runs. The destructor waits for current ones.
  void stop() noexcept { recorder_.stop(); }

  // Turns a claimed run into an active one; call post() with its id after releasing the lock of `state`, which must be
  // held here. Empty when its module was unloaded meanwhile: the claim is released.
  std::string add(const Claim& claim, PlannedJob* job);
  // Returns false when no worker takes it; then it is not active any more. Without the lock.
  bool post(const std::string& runId);
  // Starts a manual run and returns its id. Blocks. ServiceError{denied} when the job is running and `alongside` is
  // false; {unavailable}: the scheduler is off, the module not loaded, all workers busy.
  std::string startByHand(const StoredJob& job, std::int64_t createdBy, bool alongside);
  // Writes the records of ended runs. Blocks; throws db::Error.
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
