// The clock of the job engine. Tests and measurements provide one that they set.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace mortise::services {

class JobClock {
 public:
  virtual ~JobClock() = default;
  virtual std::int64_t now() const = 0;        // microseconds since the epoch; may be set back
  virtual std::int64_t monotonic() const = 0;  // microseconds; never set
  // Waits until `wake` is notified, or now() has reached `until`, or some time has passed: the caller checks again.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& wake, std::int64_t until) = 0;

  static JobClock& system();
};

}  // namespace mortise::services
