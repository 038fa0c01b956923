// Parsed triggers, shared by all jobs with the same trigger.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/services/jobs/trigger.hpp"

namespace mortise::services {

// Thread-safe.
class TriggerCache {
 public:
  // Trigger::stored() of both.
  Trigger stored(const std::string& text, const std::string& zone);
  // The shared trigger that equals `trigger`.
  Trigger shared(const Trigger& trigger);

 private:
  static constexpr std::size_t kMaxTriggers = 10000;  // then it is emptied: jobs keep their triggers

  std::mutex mutex_;
  std::unordered_map<std::string, Trigger> triggers_;  // by zone and text
};

}  // namespace mortise::services
