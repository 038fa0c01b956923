// Which model the agent asks, and how far it goes: what administrators set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "memory/context_rules.hpp"

namespace agent {

struct ModelSettings {
  std::string baseUrl;  // of a server that speaks chat completions
  std::string apiKey;   // may be empty
  std::string name;
  double temperature = 0.7;
  std::int64_t maxTokens = 8192;  // of an answer; 0: as many as by default
  ContextRules context{};
};

struct LoopSettings {
  std::int64_t maxIterations = 100;  // calls of tools in one step
  std::int64_t maxRetries = 3;       // attempts for each call of the model, and of a tool
  std::int64_t maxSearchResults = 10;
};

// Where they are kept. Read when a task starts, and good for the task. [worker], any number of threads.
class AgentSettings {
 public:
  AgentSettings() = default;
  AgentSettings(const AgentSettings&) = delete;
  AgentSettings& operator=(const AgentSettings&) = delete;
  virtual ~AgentSettings() = default;

  // Empty: no model is set up.
  virtual std::optional<ModelSettings> model() const = 0;
  virtual LoopSettings loop() const = 0;
};

}  // namespace agent
