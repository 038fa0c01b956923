// What mortise doctor tries of this module: whether a model is set up, and what boxes can do here.
#pragma once

#include <mortise/health.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "loop/agent_settings.hpp"
#include "sandbox/sandbox.hpp"

namespace agent {

// In the module's constructor. `boxesAreOff`: nobody wants boxes. `capabilities` is asked once, on a thread of the trials.
// `settings` must outlive them.
void addTrials(mortise::Health& health, const AgentSettings& settings, bool boxesAreOff,
               std::function<std::vector<sandbox::Capability>()> capabilities);

}  // namespace agent
