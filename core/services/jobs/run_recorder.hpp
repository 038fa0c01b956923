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
  // `reported`: called, on any thread, after the stored reports of runs have changed.
  RunRecorder(JobStore& store, std::function<std::vector<std::shared_ptr<JobRun>>()> running,
              std::function<void()> reported);
  ~RunRecorder();  // stop()

  void start();
  void ended(RunEnd end);
  // The same for a run that may have reports.
  void ended(RunEnd end, std::shared_ptr<JobRun> run);
  // A claim whose run has not started: another server, or this one later, runs it.
  void release(Claim claim);
  // Writes what is there, the reports of runs that go on too, on this thread. Throws db::Error; nothing is lost then.
  void flush();
  // Writes the pending reports; logs those that the database refuses several times.
  void stop() noexcept;

 private:
  struct Ended {
    RunEnd end;
    std::shared_ptr<JobRun> run;  // may be null
  };
  void work();
  bool keepEnds();     // true: with reports
  bool keepReports();  // true: there were some
  void keepReleases();
  void keepProgress();

  JobStore& store_;
  const std::function<std::vector<std::shared_ptr<JobRun>>()> running_;
  const std::function<void()> reported_;
  std::mutex writing_;  // one batch at a time, in order
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Ended> ends_;
  std::vector<Claim> releases_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mortise::services
