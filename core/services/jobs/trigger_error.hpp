// Why a trigger was refused: a stable word for the fault, and a sentence that names field, value and rule.
#pragma once

#include <string>
#include <utility>

#include "core/services/service_error.hpp"

namespace mortise::services {

class TriggerError : public ServiceError {
 public:
  // `code`: trigger_type, cron_parts, timezone, trigger.
  TriggerError(std::string code, const std::string& text)
      : ServiceError(ErrorKind::invalid, "trigger: " + text, 0, std::move(code)) {}
};

}  // namespace mortise::services
