// Named checks of the server's dependencies (database, cache, blobs, ...). Each check has its own thread, so one that
// hangs delays no other: the caller waits at most the check's limit and reports it as not answering; no second run
// starts while the first hangs. Checks may be added and removed while others run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::ops {

class Registry;

struct CheckResult {
  bool healthy = false;
  std::string detail;  // reason, or a note; shown to operators only
};

struct CheckReport {
  std::string name;
  bool required = true;
  bool healthy = false;
  bool timedOut = false;
  std::string detail;
  std::int64_t latencyMicros = 0;  // of the last finished run; after a timeout, of the waiting
};

struct HealthReport {
  bool ready = true;      // every required check is healthy
  bool degraded = false;  // some check is unhealthy
  std::vector<CheckReport> checks;
};

class Health {
 public:
  // Receives the time limit it should respect. An exception counts as unhealthy.
  using Check = std::function<CheckResult(std::chrono::milliseconds limit)>;

  // With `metrics`, each check has a gauge there: mortise_health_check{name}, 1 healthy, 0 not, NaN before its first
  // run. Reading it starts a run but does not wait, so it may be one reading old. `metrics` must outlive this object.
  explicit Health(std::chrono::milliseconds cacheFor = std::chrono::milliseconds(1000), Registry* metrics = nullptr);
  ~Health();  // waits for running checks to return
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Reserves the name: every later add() of it fails.
  void reserve(std::string name);
  // An optional check (required = false) only degrades. Returns false when the name is taken. Any thread.
  bool add(const std::string& name, bool required, std::chrono::milliseconds limit, Check check);
  // Returns when the check is not running and never will again, however long it overruns its limit. Any thread but the
  // check's.
  void remove(std::string_view name);
  // Runs all checks in parallel, or takes results younger than the cache time. In the order of add(). Any thread; waits
  // at most the longest limit.
  HealthReport run();

 private:
  class Runner;
  const std::chrono::milliseconds cacheFor_;
  Registry* const metrics_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> reserved_;
  std::vector<std::shared_ptr<Runner>> runners_;
};

}  // namespace mortise::ops
