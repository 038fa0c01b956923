// Writes what runs report, some at a time, on a thread of its own: the end of a run waits for no disk.
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
  // `running`: the runs that go on, asked for about once a second to keep their progress.
  RunRecorder(JobStore& store, std::function<std::vector<std::shared_ptr<JobRun>>()> running);
  ~RunRecorder();  // stop()

  void start();
  void ended(RunEnd end);
  // A claim whose run has not begun: another server, or this one later, does it.
  void release(Claim claim);
  // Writes what is there, on this thread. Throws db::Error; nothing is lost then.
  void flush();
  // Writes what is there; what the database does not take within a few attempts is logged.
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
