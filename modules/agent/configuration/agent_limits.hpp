// The limits of a task of the agent.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <string>

namespace agent {

// The only row of its table.
struct AgentLimits {
  std::int64_t id = 1;
  std::int64_t maxIterations = 100;  // turns of one step
  std::int64_t maxRetries = 3;       // how often the model is asked again
  std::int64_t maxSearchResults = 10;
  mortise::Time updatedAt{};
  std::string updatedBy{};  // user id

  static constexpr auto kFields = mortise::fields("agent_limits", mortise::field("id", &AgentLimits::id).key().hidden(),
                                                  mortise::field("max_iterations", &AgentLimits::maxIterations),
                                                  mortise::field("max_retries", &AgentLimits::maxRetries),
                                                  mortise::field("max_search_results", &AgentLimits::maxSearchResults),
                                                  mortise::field("updated_at", &AgentLimits::updatedAt).hidden(),
                                                  mortise::field("updated_by", &AgentLimits::updatedBy).hidden());
};

}  // namespace agent
