// Asks the model for an agent: with retries, the bound of the context, the tokens of the day, and what is counted.
#pragma once

#include <mortise/host.hpp>
#include <mortise/http_client.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/models.hpp>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/running_task.hpp"
#include "conversations/token_budget.hpp"
#include "loop/agent_settings.hpp"
#include "memory/agent_memory.hpp"

namespace agent {

// No answer, after every attempt. The text says why, to the user and in the session's language.
class ModelFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Metrics and clients that all tasks share.
class ModelDesk {
 public:
  ModelDesk(mortise::Host host, const TokenBudget& tokens, std::chrono::milliseconds timeout);

  struct Options {
    std::vector<mortise::models::Tool> tools{};
    bool jsonAnswer = false;
    // Called with the whole text so far each time it has grown; and with `isBroken` before ModelFailure, when the last
    // attempt that brought any text broke off: no more of it comes. May throw TaskStopped.
    std::function<void(const std::string& text, bool isBroken)> onText{};
  };

  // One answer, which is added to `memory` with at most one call. Throws ModelFailure, TaskStopped.
  mortise::models::Answer ask(RunningTask& task, AgentMemory& memory, const ModelSettings& model,
                              const LoopSettings& limits, const Options& options) const;

 private:
  // `text`: becomes the answer's as far as it came, once some came.
  mortise::models::Answer attempt(RunningTask& task, const mortise::models::Question& question,
                                  const ModelSettings& model, const Options& options, std::string& text) const;
  void fit(RunningTask& task, AgentMemory& memory, const ModelSettings& model) const;
  void count(RunningTask& task, const mortise::models::Answer& answer) const;

  mortise::models::Client client_;
  mortise::Log log_;
  const TokenBudget& tokens_;
  std::chrono::milliseconds timeout_;
  mortise::Counter input_;
  mortise::Counter output_;
  mortise::Counter answered_;
  mortise::Counter failed_;
  mortise::Counter compactions_;
  mortise::Histogram firstToken_;
};

}  // namespace agent
