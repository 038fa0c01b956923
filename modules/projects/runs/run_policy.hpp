// What the result of a run means for whoever waits for it: whether a build goes on.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runs/run.hpp"

namespace projects {

inline constexpr std::array<std::string_view, 5> kSeverities = {"none", "low", "medium", "high", "critical"};

// 0 for none, and higher for each severity above it. Text that is no severity ranks as none.
constexpr std::size_t severityRank(std::string_view severity) {
  const auto at = std::find(kSeverities.begin(), kSeverities.end(), severity);
  return at == kSeverities.end() ? 0 : static_cast<std::size_t>(at - kSeverities.begin());
}

struct RunVerdict {
  RunStatus status = RunStatus::passed;
  std::string policyResult;  // pass, fail
  std::int64_t exitCode = 0;
};

// A run fails when its agent says so, and when something at least as severe as `failOn` was found.
inline RunVerdict verdictOf(RunStatus said, std::string_view severity, const std::optional<std::string>& failOn) {
  const auto least = severityRank(failOn.value_or("none"));
  const bool isTooSevere = least > 0 && severityRank(severity) >= least;
  if (said == RunStatus::passed && !isTooSevere) return {said, "pass", 0};
  return {said == RunStatus::passed ? RunStatus::failed : said, "fail", 1};
}

}  // namespace projects
