// The kinds of secrets and health data that are found by their form.
#pragma once

#include <span>
#include <string_view>

namespace session_sharing {

// Group 1 of the pattern is what is found; the whole match where it has no group. `isLikely` may say no to what only
// looks like one; null: it never does.
struct SensitiveRule {
  const char* name;  // lower-case letters, digits and _
  const char* severity;
  const char* pattern;  // RE2
  bool (*isLikely)(std::string_view match) = nullptr;
};

// Rules that name a form exactly come before those that only guess.
std::span<const SensitiveRule> secretRules();
std::span<const SensitiveRule> phiRules();

}  // namespace session_sharing
