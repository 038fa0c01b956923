// Writes the reports of runs in batches, on its own thread: the end of a run never waits for the disk.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/services/jobs/job_run.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

// Thread-safe.
class RunRecorder {
 public:
  // `running`: returns the current runs; called about once a second to store their progress.
  RunRecorder(JobStore& store, std::function<std::vector<std::shared_ptr<JobRun>>()> running);
  ~RunRecorder();  // stop()

  void start();
  void ended(RunEnd end);
  // A claim whose run has not started: another server, or this one later, runs it.
  void release(Claim claim);
  // Writes the pending reports on this thread. Throws db::Error; then nothing is lost.
  void flush();
  // Writes the pending reports; logs those that the database refuses several times.
  void stop() noexcept;

 private:
  void work();
  void keepProgress();

  JobStore& store_;
  const std::function<std::vector<std::shared_ptr<JobRun>>()> running_;
  std::mutex writing_;  // one batch at a time, in order
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<RunEnd> ends_;
  std::vector<Claim> releases_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mortise::services
