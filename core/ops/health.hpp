// Named checks of what the server needs (database, cache, blobs, ...). Each check has its own thread, so one that hangs
// holds up nobody: the caller waits at most the check's limit and reports it as not answering; no second run starts
// while the first hangs. Checks may come and go while others run.
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
  std::string detail;  // why not, or something worth knowing; shown to operators only
};

struct CheckReport {
  std::string name;
  bool required = true;
  bool healthy = false;
  bool timedOut = false;
  std::string detail;
  std::int64_t latencyMicros = 0;  // of the last finished run; of the waiting when it timed out
};

struct HealthReport {
  bool ready = true;      // every required check is healthy
  bool degraded = false;  // some check is not
  std::vector<CheckReport> checks;
};

class Health {
 public:
  // Gets the limit it should keep to. What it throws counts as unhealthy.
  using Check = std::function<CheckResult(std::chrono::milliseconds limit)>;

  // With `metrics`, each check has a gauge there: mortise_health_check{name}, 1 healthy, 0 not, NaN before its first
  // run. Looking at it starts a run but waits for none, so it may be one look old. `metrics` outlives this object.
  explicit Health(std::chrono::milliseconds cacheFor = std::chrono::milliseconds(1000), Registry* metrics = nullptr);
  ~Health();  // waits for running checks to return
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // Refuses the name to every later add().
  void reserve(std::string name);
  // An optional check (required = false) only degrades. False when the name is taken. Any thread.
  bool add(const std::string& name, bool required, std::chrono::milliseconds limit, Check check);
  // Returns when the check runs no more and never will, however long it overruns its limit. Any thread but the check's.
  void remove(std::string_view name);
  // Runs all checks side by side, or takes results younger than the cache time. In the order in which they were added.
  // Any thread; waits at most the longest limit.
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
