#include "memory/context_rules.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>

#include <algorithm>
#include <cmath>

namespace agent {
namespace {

struct Known {
  std::string_view prefix;
  std::int64_t window;
};
constexpr Known kKnown[] = {{"gpt-4o-mini", 128000}, {"gpt-4o", 128000},       {"gpt-4.1-mini", 1048576},
                            {"gpt-4.1", 1048576},    {"deepseek-chat", 65536}, {"deepseek-reasoner", 65536}};
constexpr std::int64_t kPerMessage = 4;  // role and separators

// Ideographs, kana, hangul, and their punctuation.
bool isWide(std::uint32_t c) {
  return (c >= 0x2E80 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x20000 && c <= 0x3FFFF);
}

struct Counted {
  std::int64_t narrow = 0;
  std::int64_t wide = 0;
  std::int64_t words = 0;
};

Counted count(std::string_view text) {
  Counted out;
  bool inWord = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, size] = mortise::firstCodePoint(text.substr(at));
    at += std::max<std::size_t>(size, 1);  // a byte that is no UTF-8 counts as a narrow character
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (isWide(c)) {
      ++out.wide;
      inWord = false;
      continue;
    }
    ++out.narrow;
    if (!blank && !inWord) ++out.words;
    inWord = !blank;
  }
  return out;
}

std::int64_t byCharacters(const Counted& counted) { return counted.wide + (counted.narrow + 3) / 4; }

}  // namespace

std::int64_t windowOf(const ContextRules& rules, std::string_view model) {
  if (rules.window) return *rules.window;
  const auto name = mortise::asciiLowerCase(model.substr(model.rfind('/') + 1));
  for (const auto& known : kKnown) {
    if (name.starts_with(known.prefix)) return known.window;
  }
  return rules.unknownWindow;
}

std::int64_t effectiveWindow(const ContextRules& rules, std::string_view model) {
  const auto window = windowOf(rules, model);
  const auto cap = static_cast<std::int64_t>(rules.reservedRatio * static_cast<double>(window));
  return std::max<std::int64_t>(1, window - std::min(rules.reservedTokens, cap));
}

std::int64_t tokensByCharacters(std::string_view text) { return byCharacters(count(text)); }

std::int64_t tokensByBoth(std::string_view text) {
  const auto counted = count(text);
  const auto words = static_cast<std::int64_t>(std::ceil(1.3 * static_cast<double>(counted.words))) + counted.wide;
  return std::max(byCharacters(counted), words);
}

std::int64_t tokensOf(const mortise::models::Message& message, TokenEstimator estimator) {
  const auto estimate = estimator == TokenEstimator::hybrid ? tokensByBoth : tokensByCharacters;
  auto tokens = kPerMessage + estimate(message.text) + estimate(message.reasoning);
  for (const auto& call : message.toolCalls) tokens += kPerMessage + estimate(call.name) + estimate(call.arguments);
  return tokens;
}

}  // namespace agent
