// How much a model is sent, by its window: estimates of tokens, and when a memory is made shorter.
#pragma once

#include <mortise/models.hpp>
#include <mortise/names.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

enum class TokenEstimator { hybrid, character, providerApi };
constexpr auto mortiseNames(TokenEstimator) {
  return mortise::names<TokenEstimator>({{TokenEstimator::hybrid, "hybrid"},
                                         {TokenEstimator::character, "char"},
                                         {TokenEstimator::providerApi, "provider_api"}});
}

struct ContextRules {
  std::optional<std::int64_t> window{};  // empty: by the model's name
  bool guarded = false;
  std::int64_t overflowRetries = 2;
  double softRatio = 0.85;
  double hardRatio = 0.95;
  std::int64_t reservedTokens = 4096;
  double reservedRatio = 0.25;
  TokenEstimator estimator = TokenEstimator::hybrid;
  double safetyFactor = 1.15;
  std::int64_t unknownWindow = 32768;
};

// Tokens that the model takes, before anything is reserved.
std::int64_t windowOf(const ContextRules& rules, std::string_view model);
// Without what is reserved for the answer.
std::int64_t effectiveWindow(const ContextRules& rules, std::string_view model);

// A quarter of the characters, and each CJK character for one.
std::int64_t tokensByCharacters(std::string_view text);
// The greater of the above and 1.3 for each word.
std::int64_t tokensByBoth(std::string_view text);
std::int64_t tokensOf(const mortise::models::Message& message, TokenEstimator estimator);

}  // namespace agent
