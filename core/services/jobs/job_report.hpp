// What a run reports of one of its targets.
#pragma once

#include <cstdint>
#include <string>

namespace mortise::services {

struct JobReport {
  enum class State : std::uint8_t { done, pending, running };

  std::int64_t number = 0;    // of the target within its run: 1, 2, ... in the order of their first reports
  std::int64_t revision = 0;  // once it is stored; see ReportedRun
  std::string target;
  State state = State::done;
  std::int64_t synced = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
  std::string failure;         // of a target that is done: why it failed; empty: it did not
  std::string details;         // JSON object, or empty
  std::int64_t startedAt = 0;  // when it was first reported as running; 0: never
  std::int64_t endedAt = 0;    // when it was reported as done
};

}  // namespace mortise::services
