#pragma once

#include <cstdint>

namespace mortise::services {

// The rules for a job's runs.
struct JobRules {
  std::int64_t jitterSeconds = 0;
  std::int64_t timeLimitSeconds = 0;  // 0: none
  std::int64_t maxInstances = 1;
  std::int64_t misfireGraceSeconds = 300;  // -1: a late run always starts
  bool coalesce = true;
  bool operator==(const JobRules&) const = default;
};

}  // namespace mortise::services
