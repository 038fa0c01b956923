#include "dlp/dlp_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace session_sharing {
namespace {

namespace contract = sync_contract::dlp;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

json::Value shown(const DlpPolicy& policy) {
  json::List invalid;
  for (const auto& one : readCustomPatterns(policy.customPatterns).invalid) {
    const auto name = one.name.empty() ? std::nullopt : std::optional(one.name);
    invalid.add(json::object({{"index", one.index}, {"name", name}, {"reason", one.reason}}));
  }
  return json::from(policy).add("invalid_custom_patterns", invalid).build();
}

// Each once, in their order.
std::vector<std::string> different(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const auto& text : texts) {
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(text);
  }
  return out;
}

// Problem 422 for patterns that can't be used, and for two of one name.
std::string checkedPatterns(const std::vector<contract::CustomPattern>& patterns) {
  json::List list;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    const auto& one = patterns[i];
    const auto place = "body/custom_patterns/" + std::to_string(i);
    if (const auto fault = customPatternFault({one.name, one.regex, one.category, one.severity}); !fault.empty())
      throw Problem(422, "validation_failed").field(place + "/regex", "regex_unusable", {{"reason", fault}});
    if (std::find(names.begin(), names.end(), one.name) != names.end())
      throw Problem(422, "validation_failed").field(place + "/name", "pattern_name_repeated");
    names.push_back(one.name);
    list.add(json::object(
        {{"name", one.name}, {"regex", one.regex}, {"category", one.category}, {"severity", one.severity}}));
  }
  return list.build().text();
}

}  // namespace

Reply DlpOperations::readDlpPolicy(const Request& request) {
  return Reply::ok(shown(policies_.policyOf(request.principal().orgId)));
}

Reply DlpOperations::changeDlpPolicy(const Request& request, const contract::DlpPolicyChange& body) {
  const auto caller = request.principal();
  const std::string orgId = mortise::requireOwnOrg(caller, "admin");
  return Reply::ok(shown(db_.transaction([&](mortise::Transaction& tx) {
    tx.lock("dlp." + orgId);  // two that change one thing each: both stay
    auto policy = policies_.in(tx).policyOf(orgId);
    policy.enabled = body.enabled.valueOr(policy.enabled);
    if (body.mode.has()) mortise::detail::readName(*body.mode, policy.mode);
    if (body.categories.has()) policy.categories = different(*body.categories);
    if (body.customPatterns.has()) policy.customPatterns = checkedPatterns(*body.customPatterns);
    if (body.allowlist.has()) policy.allowlist = different(*body.allowlist);
    policy.updatedAt = mortise::now();
    policy.updatedBy = caller.userId;
    policies_.in(tx).put(policy);
    audit_.in(tx).record(request, "sync.dlp_policy_changed", "org:" + orgId,
                         json::object({{"enabled", policy.enabled},
                                       {"mode", mortise::detail::nameOf(policy.mode)},
                                       {"categories", json::list(policy.categories)},
                                       {"custom_patterns", json::raw(policy.customPatterns)},
                                       {"allowlist", policy.allowlist.size()}}));
    return policy;
  })));
}

Reply DlpOperations::scanText(const Request& request, const contract::ScanTextBody& body) {
  constexpr std::size_t kMaxShown = 1000;
  constexpr std::uint64_t kEffort = std::uint64_t{128} << 20;  // a fraction of a second
  auto policy = policies_.policyOf(request.principal().orgId);
  policy.categories = body.categories.valueOr(std::vector<std::string>{kSecrets});
  const SensitiveTextMatcher matcher(matcherSettings(policy));
  MatchEffort effort{kEffort};
  std::vector<SensitivePlace> places;
  try {
    places = matcher.find(body.text, effort);
  } catch (const TooMuchEffort&) {
    throw Problem(422, "dlp_patterns_too_slow");
  }
  json::List findings;
  std::int64_t line = 1;
  std::size_t at = 0;
  for (std::size_t i = 0; i < std::min(places.size(), kMaxShown); ++i) {
    const auto& place = places[i];
    line += std::count(body.text.begin() + static_cast<std::ptrdiff_t>(at),
                       body.text.begin() + static_cast<std::ptrdiff_t>(place.begin), '\n');
    at = place.begin;
    findings.add(json::object({{"pattern_name", place.kind->name},
                               {"category", place.kind->category},
                               {"severity", place.kind->severity},
                               {"line_number", line}}));
  }
  return Reply::ok(json::object({{"finding_count", places.size()}, {"findings", findings}}));
}

void DlpOperations::forgetOrgs(mortise::JobRun& run) {
  constexpr std::size_t kPage = 100;
  std::int64_t removed = 0;
  std::string after;
  for (auto ids = policies_.orgIds(after, kPage); !ids.empty() && !run.cancelled();
       ids = policies_.orgIds(after, kPage)) {
    for (const auto& id : ids) {
      if (orgs_.find(id)) continue;
      policies_.remove(id);
      ++removed;
    }
    after = ids.back();
  }
  run.output("removed the policies of " + std::to_string(removed) + " organisations");
  if (removed == 0) return;
  log_.info("policies on secrets of removed organisations are gone", {{"count", removed}});
  run.report({.target = "policies on secrets", .deleted = removed});
}

Reply DlpOperations::readDlpStats(const Request& request) {
  const auto stats = policies_.statsOf(request.principal().orgId);
  json::Object byAction;
  for (const auto& [action, count] : stats.byAction) byAction.add(action, count);
  return Reply::ok(json::object({{"total_scanned", stats.scanned}, {"by_action", byAction}}));
}

}  // namespace session_sharing
