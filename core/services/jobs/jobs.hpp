// Runs jobs when they are due: one timer thread, runs on the caller's executor, history in memory. One server; nothing
// survives a restart. The engine with leases, stored runs and time zones replaces this behind the same few functions.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/jobs/trigger.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {

// What a run is given.
class JobRun {
 public:
  virtual ~JobRun() = default;
  virtual const std::string& job() const = 0;
  virtual const std::string& id() const = 0;  // of this run
  virtual bool cancelled() const = 0;         // asked to stop: return soon
  virtual bool manual() const = 0;
};

struct JobResult {
  enum class Outcome : std::uint8_t {
    running,
    succeeded,
    failed,
    cancelled,
    refused
  };  // refused: the executor was full
  std::string job, runId;
  Outcome outcome = Outcome::running;
  bool manual = false;
  std::int64_t startedAt = 0, finishedAt = 0;  // microseconds; 0 = not yet
  std::string text;                            // what the function returned, or why it failed
};

struct JobState {
  std::string id, trigger;
  std::optional<std::int64_t> nextRun;
  bool running = false;
  bool paused = false;
};

class Jobs {
 public:
  // Returns a short text for the history; throws to fail.
  using Function = std::function<std::string(JobRun&)>;
  // Runs the task on some worker; false when it can't now. WorkerPool::post fits.
  using Executor = std::function<bool(std::function<void()>)>;

  explicit Jobs(Executor executor, std::size_t historyPerJob = 50);
  ~Jobs();  // stop(10 s)

  // `id` is unique in the server: "module.job". ServiceError{invalid} when taken. Jobs may be added before start().
  void add(std::string id, Trigger trigger, Function function);
  // No further run; waits for one that goes on. False when unknown. Not from within that job.
  bool remove(std::string_view id);
  void start();
  // A time that falls into a run of the same job is skipped. ServiceError{notFound}; {denied} while it runs. Returns
  // the run id.
  std::string runNow(std::string_view id);
  bool cancel(std::string_view runId);  // sets the flag; false when that run is over or unknown
  void pause(std::string_view id, bool paused);
  void reschedule(std::string_view id, Trigger trigger);
  std::vector<JobState> list() const;
  std::vector<JobResult> history(std::string_view id) const;  // newest first
  // No new runs, cancels running ones, waits at most `limit`. False when one is still running.
  bool stop(std::chrono::milliseconds limit);

 private:
  struct Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace mortise::services
