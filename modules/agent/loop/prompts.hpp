// What the models are told.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loop/plan.hpp"

namespace agent::prompts {

// `missing`: what the session can't do, a line each; `guides`: of skills. Either may be empty.
std::string planner(std::string_view missing, std::string_view guides);
std::string executor(std::string_view missing, std::string_view guides);
// Of the runtime API: an agent that answers without a plan.
std::string assistant(std::string_view missing, std::string_view guides);

std::string makePlan(std::string_view message, const std::vector<std::string>& attachments);
std::string executeStep(const Progress& progress, const PlanStep& step);
std::string updatePlan(const Progress& progress, const PlanStep& step);
std::string summarize(const Progress& progress);

}  // namespace agent::prompts
