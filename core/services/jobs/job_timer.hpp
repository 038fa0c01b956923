// The thread that watches the clock: it claims due runs, passes them to the workers, and asks runs that have reached
// their time limit to stop.
#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "core/services/jobs/job_state.hpp"

namespace mortise::services {

class LeaseKeeper;
class RunWorkers;

class JobTimer {
 public:
  JobTimer(JobState& state, RunWorkers& workers, LeaseKeeper& keeper)
      : state_(state), workers_(workers), keeper_(keeper) {}

  void start();  // once
  // Waits for the thread, which ends when `stopping` is set and timerWake notified. Idempotent.
  void join();

 private:
  void loop();
  // With the lock held.
  // Whether stored times may lie beyond what the triggers say: after the clock was set back, and in a new term, since
  // it may have been set while no server had the lease.
  void noteTime(std::int64_t now);
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
  std::int64_t retryAt_ = 0;    // monotonic; nothing is claimed before it
  std::int64_t clockLead_ = 0;  // of the clock before the monotonic one, when it was last looked at
  bool checkDueTimes_ = true;
  std::int64_t checkedEpoch_ = 0;
  std::thread thread_;
};

}  // namespace mortise::services
