// A trigger as clients send it.
#pragma once

#include <mortise/module.hpp>
#include <mortise/scheduler.hpp>

#include <string>
#include <string_view>

namespace scheduler {

// Numbers count as text, an array as its last element, unknown members as nothing. Of several names for one cron field
// the first that is not blank counts. Problem 400 scheduler_trigger_type_missing without a type;
// the engine checks everything else.
mortise::Trigger triggerFrom(const mortise::Json& body);

// A member as text, trimmed and without NUL; empty when it is absent, null or blank.
std::string textOf(const mortise::Json& body, std::string_view name);

}  // namespace scheduler
