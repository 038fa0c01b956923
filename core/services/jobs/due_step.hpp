// Decides about a due job: which of its missed times runs, and its next time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/services/jobs/job_store.hpp"
#include "core/services/jobs/trigger.hpp"

namespace mortise::services {

struct DueStep {
  std::optional<std::int64_t> run;   // the time that runs; none: all are too late
  std::optional<std::int64_t> next;  // of the trigger
};

// `due`: the trigger's time at or before `now`, without jitter. All times in microseconds.
DueStep stepFrom(const Trigger& trigger, const JobRules& rules, std::int64_t due, std::int64_t now);

// The trigger's next time for a job whose stored time lies in the future although the clock may have been set back. A
// step of at most ten seconds repeats no time that has run; after a larger one the times that come again do run again.
// `lastRun`: when the last run began, 0 if never.
std::optional<std::int64_t> nextAfterStepBack(const Trigger& trigger, std::int64_t lastRun, std::int64_t now);

// The jitter of a job at `due`; the same on every server.
std::int64_t jitterOf(std::string_view jobId, std::int64_t due, std::int64_t jitterSeconds);

}  // namespace mortise::services
