// The thread that watches the clock: it claims due runs, passes them to the workers, and asks runs that have reached
// their time limit to stop.
#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "core/services/jobs/clock_watch.hpp"
#include "core/services/jobs/job_state.hpp"

namespace mortise::services {

class LeaseKeeper;
class RunWorkers;

class JobTimer {
 public:
  JobTimer(JobState& state, RunWorkers& workers, LeaseKeeper& keeper)
      : state_(state), workers_(workers), keeper_(keeper), clockWatch_(state.clock) {}

  void start();  // once
  // Waits for the thread, which ends when `stopping` is set and timerWake notified. Idempotent.
  void join();

 private:
  void loop();
  // With the lock held.
  void noteTime();  // has due times checked when the clock was set back
  bool mayClaim() const;
  std::vector<Claim> takeDue(std::int64_t now);
  // Returns when the thread has work again.
  std::int64_t stopOverdueRuns(std::int64_t now);
  // Without the lock.
  // False when the database could not be asked; nothing has changed then.
  bool claimAndStart(std::vector<Claim> claims, std::int64_t epoch);
  void lookAgain(const Claim& claim);

  JobState& state_;
  RunWorkers& workers_;
  LeaseKeeper& keeper_;
  std::int64_t retryAt_ = 0;  // monotonic; nothing is claimed before it
  ClockWatch clockWatch_;
  bool checkDueTimes_ = false;
  std::thread thread_;
};

}  // namespace mortise::services
