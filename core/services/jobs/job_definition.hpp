#pragma once

#include <string>

#include "core/services/jobs/job_rules.hpp"
#include "core/services/jobs/trigger.hpp"

namespace mortise::services {

// A job as its module declares it.
struct JobDefinition {
  std::string module;
  std::string job;  // id within the module
  std::string name;
  std::string description;
  Trigger trigger;
  std::string payload{};
  JobRules rules{};
  std::string id() const { return module + "." + job; }
};

}  // namespace mortise::services
