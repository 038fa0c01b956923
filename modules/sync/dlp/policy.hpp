// What an organisation wants done about secrets and health data in the sessions of its members.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <string>
#include <vector>

#include "dlp/sensitive_text.hpp"

namespace session_sharing {

enum class DlpMode { warn, redact, block };
constexpr auto mortiseNames(DlpMode) {
  return mortise::names<DlpMode>({{DlpMode::warn, "warn"}, {DlpMode::redact, "redact"}, {DlpMode::block, "block"}});
}

inline constexpr const char* kSecrets = "secrets";
inline constexpr const char* kPhi = "phi";

// One row per organisation that ever set it; others have this.
struct DlpPolicy {
  std::string orgId;
  bool enabled = false;
  DlpMode mode = DlpMode::warn;
  std::vector<std::string> categories{kSecrets};
  std::string customPatterns = "[]";  // JSON, as it was sent: those that can't be used stay and are named
  std::vector<std::string> allowlist;
  mortise::Time updatedAt;
  std::string updatedBy;  // user

  static constexpr auto kFields = mortise::fields(
      "sync_dlp_policies", mortise::field("org_id", &DlpPolicy::orgId).key().hidden(),
      mortise::field("enabled", &DlpPolicy::enabled), mortise::field("mode", &DlpPolicy::mode),
      mortise::field("categories", &DlpPolicy::categories),
      mortise::field("custom_patterns", &DlpPolicy::customPatterns).json(),
      mortise::field("allowlist", &DlpPolicy::allowlist), mortise::field("updated_at", &DlpPolicy::updatedAt).hidden(),
      mortise::field("updated_by", &DlpPolicy::updatedBy).hidden());
};

// A pattern that is no use, by its place in the list.
struct InvalidPattern {
  std::size_t index = 0;
  std::string name;  // may be empty
  std::string reason;
};

// The patterns of a policy's JSON list, and those among them that can't be used.
struct CustomPatterns {
  std::vector<CustomPattern> usable;
  std::vector<InvalidPattern> invalid;
};
CustomPatterns readCustomPatterns(std::string_view json);

// What the policy looks for.
MatcherSettings matcherSettings(const DlpPolicy& policy);

}  // namespace session_sharing
