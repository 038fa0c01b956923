// Which model the agent asks, and how its context is bounded.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "memory/context_rules.hpp"

namespace agent {

// The only row of its table. As JSON it is what clients see: without the key.
struct LlmConfig {
  std::int64_t id = 1;
  std::string baseUrl;  // of a server of chat completions
  std::string modelName;
  double temperature = 0.7;
  std::int64_t maxTokens = 8192;
  std::optional<std::int64_t> contextWindow{};  // tokens; empty: what is known of the model
  bool contextOverflowGuardEnabled = false;
  std::int64_t overflowRetryCap = 2;
  double softTriggerRatio = 0.85;
  double hardTriggerRatio = 0.95;
  std::int64_t reservedOutputTokens = 4096;
  double reservedOutputTokensCapRatio = 0.25;
  TokenEstimator tokenEstimator = TokenEstimator::hybrid;
  double tokenSafetyFactor = 1.15;
  std::int64_t unknownModelContextWindow = 32768;
  std::optional<std::string> sealedKey{};
  mortise::Time updatedAt{};
  std::string updatedBy{};  // user id

  std::string apiKey{};  // no column; the one that holds. Empty: none is sent

  static constexpr auto kFields = mortise::fields(
      "agent_llm", mortise::field("id", &LlmConfig::id).key().hidden(), mortise::field("base_url", &LlmConfig::baseUrl),
      mortise::field("model_name", &LlmConfig::modelName), mortise::field("temperature", &LlmConfig::temperature),
      mortise::field("max_tokens", &LlmConfig::maxTokens), mortise::field("context_window", &LlmConfig::contextWindow),
      mortise::field("context_overflow_guard_enabled", &LlmConfig::contextOverflowGuardEnabled),
      mortise::field("overflow_retry_cap", &LlmConfig::overflowRetryCap),
      mortise::field("soft_trigger_ratio", &LlmConfig::softTriggerRatio),
      mortise::field("hard_trigger_ratio", &LlmConfig::hardTriggerRatio),
      mortise::field("reserved_output_tokens", &LlmConfig::reservedOutputTokens),
      mortise::field("reserved_output_tokens_cap_ratio", &LlmConfig::reservedOutputTokensCapRatio),
      mortise::field("token_estimator", &LlmConfig::tokenEstimator),
      mortise::field("token_safety_factor", &LlmConfig::tokenSafetyFactor),
      mortise::field("unknown_model_context_window", &LlmConfig::unknownModelContextWindow),
      mortise::field("sealed_key", &LlmConfig::sealedKey).hidden(),
      mortise::field("updated_at", &LlmConfig::updatedAt).hidden(),
      mortise::field("updated_by", &LlmConfig::updatedBy).hidden());
};

}  // namespace agent
