// Jobs and runs as JSON.
#pragma once

#include <mortise/json.hpp>
#include <mortise/scheduler.hpp>

namespace scheduler {

// A job in a list, and by itself.
mortise::json::Value jobView(const mortise::ScheduledJob& job);
mortise::json::Value jobDetailView(const mortise::ScheduledJob& job);
mortise::json::Value runView(const mortise::JobRunRecord& run);

}  // namespace scheduler
