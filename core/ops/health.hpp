// Named checks of what the server needs (database, cache, blobs, ...). Each check has its own thread, so one that hangs
// holds up nobody: the caller waits at most the check's limit and reports it as not answering; no second run starts
// while the first hangs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mortise::ops {

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

  explicit Health(std::chrono::milliseconds cacheFor = std::chrono::milliseconds(1000));
  ~Health();  // waits for running checks to return
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  // An optional check (required = false) only degrades. Before the first run().
  void add(std::string name, bool required, std::chrono::milliseconds limit, Check check);
  // Runs all checks side by side, or takes results younger than the cache time. Any thread; waits at most the longest
  // limit.
  HealthReport run();

 private:
  struct Runner;
  const std::chrono::milliseconds cacheFor_;
  std::mutex adding_;
  std::vector<std::unique_ptr<Runner>> runners_;
};

}  // namespace mortise::ops
