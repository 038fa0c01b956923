// Jobs and runs as the contract's replies.
#pragma once

#include <mortise/scheduler.hpp>

#include "scheduler_contract.hpp"

namespace scheduler {

// A job in a list, and by itself.
scheduler_contract::scheduler::Job jobView(const mortise::ScheduledJob& job);
scheduler_contract::scheduler::JobDetail jobDetailView(const mortise::ScheduledJob& job);
scheduler_contract::scheduler::Run runView(const mortise::JobRunRecord& run);

}  // namespace scheduler
