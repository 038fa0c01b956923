#include "knowledge/classification.hpp"

#include <mortise/characters.hpp>

#include <algorithm>

#include "wiki/page_text.hpp"

namespace projects {
namespace {

constexpr std::int64_t kSpecificWords = 15;

}  // namespace

bool isSpecific(std::string_view content) {
  const auto tells = [](char c) { return c == '/' || c == '.' || c == '_' || (c >= '0' && c <= '9'); };
  return std::any_of(content.begin(), content.end(), tells) || countWords(content) >= kSpecificWords;
}

std::vector<std::string> missedConditions(std::string_view content, double confidence) {
  std::vector<std::string> out;
  if (confidence < kClaimConfidence) out.emplace_back("its confidence is below 0.8");
  if (static_cast<std::int64_t>(mortise::characterCount(content)) < kClaimCharacters)
    out.emplace_back("it has less than 50 characters");
  if (!isSpecific(content)) out.emplace_back("it names no file, identifier or number, and has less than 15 words");
  return out;
}

std::string sentences(const std::vector<std::string>& missed) {
  std::string out;
  for (const auto& one : missed) out.append(out.empty() ? "" : "; ").append(one);
  return out;
}

Classification classify(std::string_view content, double confidence, std::int64_t claimsOfSession, bool byReader,
                        bool asksForClaim) {
  auto missed = missedConditions(content, confidence);
  if (claimsOfSession >= kClaimsOfSession) missed.emplace_back("its session has 5 claims in this project already");
  if (byReader) missed.emplace_back("its author can read this project, but not change it");
  Classification out;
  if (missed.empty()) {
    out.claimClass = ClaimClass::claim;
    out.reason = "A claim: confident, long enough and specific";
    return out;
  }
  out.reason = "A note: " + sentences(missed);
  if (asksForClaim) out.tip = "It can't be a claim as long as " + sentences(missed);
  return out;
}

double defaultConfidence(std::string_view sessionId) {
  return sessionId == "manual" || sessionId == "cli-ask" ? 0.7 : 1.0;
}

}  // namespace projects
