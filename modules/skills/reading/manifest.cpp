#include "reading/manifest.hpp"

#include <mortise/json.hpp>

namespace skills {

std::string_view Manifest::riskLevelOf(const Tool& tool) const {
  if (!tool.policy.riskLevel.empty()) return tool.policy.riskLevel;
  if (!policy.riskLevel.empty()) return policy.riskLevel;
  return "low";
}

bool Manifest::isModelInvocable(const Tool& tool) const {
  using Invocable = ToolPolicy::Invocable;
  if (tool.policy.modelInvocable != Invocable::unsaid) return tool.policy.modelInvocable == Invocable::yes;
  return policy.modelInvocable != Invocable::no;
}

std::string manifestJson(const Manifest& manifest) { return mortise::json::value(manifest).text(); }

}  // namespace skills
