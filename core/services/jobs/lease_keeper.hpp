// Takes the lease of the runner, renews it and releases it. Where other servers share the database, its thread also
// reads their changes and their requests to stop runs of this server.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <optional>
#include <thread>

#include "core/services/jobs/job_state.hpp"

namespace mortise::services {

class LeaseKeeper {
 public:
  explicit LeaseKeeper(JobState& state) : state_(state) {}

  // Where other servers share the database; once.
  void start();
  // Waits for the thread, which ends when `stopping` is set and wake() was called. Idempotent.
  void join();
  // Becomes the runner unless another server was faster. Blocks; throws db::Error.
  void acquire();

  // With the lock of `state` held.
  // Makes the thread read the database at once.
  void wake();
  // This server is not the runner any more. Returns the epoch for JobLease::release(); nullopt when it was not.
  std::optional<std::int64_t> lose();
  // The same, because the database says that another server has the lease.
  void yield(std::int64_t epoch);

 private:
  void loop();
  void acquire(const StoredRunner& seen);
  void keep();
  void renew(std::int64_t epoch);
  void takeChanges();
  void stopRequestedRuns();

  JobState& state_;
  std::condition_variable wake_;
  bool awake_ = false;
  std::int64_t seenRevision_ = 0;
  std::thread thread_;
};

}  // namespace mortise::services
