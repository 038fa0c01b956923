// What a new entry is taken for, and which of the conditions of a claim an entry meets. Plain C++.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry.hpp"

namespace projects {

inline constexpr double kClaimConfidence = 0.8;
inline constexpr std::int64_t kClaimCharacters = 50;
inline constexpr std::int64_t kClaimsOfSession = 5;  // more of one session stay notes, of "manual" too
inline constexpr double kReaderConfidence = 0.7;     // of who may only read the project, at most
inline constexpr double kUnverifiedBelow = 0.5;
inline constexpr std::chrono::hours kForgotten{90 * 24};  // an entry that nobody needed for so long

// A word with a slash, a full stop, an underscore or a digit, or at least 15 words.
bool isSpecific(std::string_view content);

// The conditions of a claim that an entry misses, each a sentence; none: it may be one.
std::vector<std::string> missedConditions(std::string_view content, double confidence);
// They, one behind the other.
std::string sentences(const std::vector<std::string>& missed);

struct Classification {
  ClaimClass claimClass = ClaimClass::note;
  std::string reason;
  std::optional<std::string> tip;  // when a claim was asked for that it can't be
};
// `claimsOfSession`: how many its session has in the project already.
Classification classify(std::string_view content, double confidence, std::int64_t claimsOfSession, bool byReader,
                        bool asksForClaim);

// The confidence of an entry of which none is told.
double defaultConfidence(std::string_view sessionId);

}  // namespace projects
