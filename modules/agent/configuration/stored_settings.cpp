#include "configuration/stored_settings.hpp"

#include <string_view>

namespace agent {
namespace {

constexpr std::string_view kDefaultUrl = "https://api.deepseek.com";

}  // namespace

std::optional<ModelSettings> StoredSettings::model() const {
  auto config = store_.llm();
  // The server that is asked by default takes nobody without a key.
  const bool isComplete =
      !config.baseUrl.empty() && !config.modelName.empty() && (!config.apiKey.empty() || config.baseUrl != kDefaultUrl);
  if (!isComplete) return std::nullopt;
  ModelSettings out;
  out.baseUrl = std::move(config.baseUrl);
  out.apiKey = std::move(config.apiKey);
  out.name = std::move(config.modelName);
  out.temperature = config.temperature;
  out.maxTokens = config.maxTokens;
  out.context = {config.contextWindow,
                 config.contextOverflowGuardEnabled,
                 config.overflowRetryCap,
                 config.softTriggerRatio,
                 config.hardTriggerRatio,
                 config.reservedOutputTokens,
                 config.reservedOutputTokensCapRatio,
                 config.tokenEstimator,
                 config.tokenSafetyFactor,
                 config.unknownModelContextWindow};
  return out;
}

LoopSettings StoredSettings::loop() const {
  const auto limits = store_.limits();
  return {limits.maxIterations, limits.maxRetries, limits.maxSearchResults};
}

}  // namespace agent
