// The lease of the cluster's runner: the server that starts scheduled runs. One row of the database holds it; the epoch
// grows with each holder, and the database refuses a claim with an old epoch.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/jobs/job_clock.hpp"
#include "core/services/jobs/job_store.hpp"

namespace mortise::services {

class JobLease {
 public:
  struct Term {
    std::int64_t epoch = 0;
    std::int64_t validUntil = 0;  // monotonic, microseconds: no claims after it without a renewal
  };

  // `length`: time after which another server takes over from a crashed one. `reported`: called after the stored reports
  // of runs have changed; may be empty.
  JobLease(JobStore& store, JobClock& clock, std::string node, std::chrono::milliseconds length,
           std::function<void()> reported);

  // The term of this server. Not thread-safe: the engine's lock guards these functions.
  bool held() const { return held_; }
  std::int64_t epoch() const { return term_.epoch; }  // of the last term when none is held
  std::int64_t validUntil() const { return term_.validUntil; }
  void begin(const Term& term);
  void extend(const Term& term) { term_ = term; }
  // Returns the epoch for release(); nullopt when none was held.
  std::optional<std::int64_t> end();

  // The row. Any thread, without the engine's lock, because they block. Errors: db::Error.
  // Takes over the lease if the row is unchanged since `seen`; nullopt when another server was faster. Closes the open
  // runs of the previous holder as lost.
  std::optional<Term> takeOver(const StoredRunner& seen);
  std::optional<Term> renew(std::int64_t epoch);  // nullopt: another server holds it
  void release(std::int64_t epoch);
  // Closes the open runs of a server as lost, all but those of `boot` (empty: all); returns how many.
  std::int64_t closeLost(std::string_view node, std::string_view boot);

  // Observation of other servers by the lease's thread. One thread; these block. Errors: db::Error.
  // The row to take over: free, of this server's earlier process, or without a heartbeat for most of the lease.
  std::optional<StoredRunner> takeable();
  // Closes the runs of silent servers, so that none stays open forever.
  void closeRunsOfSilentServers();

 private:
  std::int64_t validFrom(std::int64_t asked) const { return asked + length_ * 6 / 10; }

  struct SeenNode {
    std::int64_t beat = -1;
    std::int64_t since = 0;
    bool closed = false;
  };

  JobStore& store_;
  JobClock& clock_;
  const std::string node_;
  const std::int64_t length_;  // microseconds
  const std::function<void()> reported_;
  bool held_ = false;
  Term term_;
  StoredRunner seenRunner_;
  std::int64_t seenSince_ = 0;
  std::map<std::string, SeenNode, std::less<>> seenNodes_;
};

}  // namespace mortise::services
