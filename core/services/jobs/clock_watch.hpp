// Notices that the clock was set back: it is then less far ahead of the monotonic one than before.
#pragma once

#include <cstdint>
#include <optional>

#include "core/services/jobs/job_clock.hpp"

namespace mortise::services {

// One thread.
class ClockWatch {
 public:
  explicit ClockWatch(const JobClock& clock) : clock_(clock) {}

  // By how many microseconds the clock was set back since the call before; 0: not by more than a tenth of a second, or
  // this is the first call. Small steps add up.
  std::int64_t setBack();

 private:
  std::optional<std::int64_t> lead() const;

  const JobClock& clock_;
  std::optional<std::int64_t> lead_;  // the largest since the last step
};

}  // namespace mortise::services
