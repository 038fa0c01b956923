// What agents are told in a project, and the versions of it that were compiled: fields, columns, JSON.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace projects {

struct ProjectRules {
  std::string id;  // rules_…
  std::string projectId;
  std::int64_t version = 1;
  std::string staticRules;
  bool includeKnowledge = true;
  std::vector<std::string> knowledgeTypes = {"convention", "decision"};
  std::int64_t knowledgeMaxTokens = 1500;
  bool includeContext = true;
  std::vector<std::string> contextSections = {"overview", "architecture"};
  std::int64_t contextMaxTokens = 1500;
  std::string toolOverrides = "{}";  // JSON: a tool, and {"extra": what only this one is told}
  std::vector<std::string> enabledTools;
  std::string etag;  // without quotes
  mortise::Time createdAt;
  mortise::Time updatedAt;

  static constexpr auto kFields =
      mortise::fields("projects_rules", mortise::field("id", &ProjectRules::id).key(),
                      mortise::field("project_id", &ProjectRules::projectId).fixed(),
                      mortise::field("version", &ProjectRules::version),
                      mortise::field("static_rules", &ProjectRules::staticRules),
                      mortise::field("include_knowledge", &ProjectRules::includeKnowledge),
                      mortise::field("knowledge_types", &ProjectRules::knowledgeTypes),
                      mortise::field("knowledge_max_tokens", &ProjectRules::knowledgeMaxTokens),
                      mortise::field("include_context", &ProjectRules::includeContext),
                      mortise::field("context_sections", &ProjectRules::contextSections),
                      mortise::field("context_max_tokens", &ProjectRules::contextMaxTokens),
                      mortise::field("tool_overrides", &ProjectRules::toolOverrides).json(),
                      mortise::field("enabled_tools", &ProjectRules::enabledTools),
                      mortise::field("etag", &ProjectRules::etag).hidden(),
                      mortise::field("created_at", &ProjectRules::createdAt).fixed(),
                      mortise::field("updated_at", &ProjectRules::updatedAt))
          .times(mortise::kIsoMicros);
};

// A version without its texts, as lists have it.
struct RulesVersionSummary {
  std::string id;  // rv_…
  std::int64_t version = 1;
  mortise::Time compiledAt;
  std::string compiledBy;
  std::string contentHash;
  std::vector<std::string> tools;

  static constexpr auto kFields =
      mortise::fields("projects_rules_versions", mortise::field("id", &RulesVersionSummary::id).key(),
                      mortise::field("version", &RulesVersionSummary::version),
                      mortise::field("compiled_at", &RulesVersionSummary::compiledAt),
                      mortise::field("compiled_by", &RulesVersionSummary::compiledBy),
                      mortise::field("content_hash", &RulesVersionSummary::contentHash),
                      mortise::field("tools", &RulesVersionSummary::tools))
          .times(mortise::kIsoMicros);
};

struct RulesVersion {
  std::string id;
  std::string rulesId;
  std::int64_t version = 1;
  std::string staticRules;
  std::string compiledOutputs;    // JSON: a tool, and {filename, content, hash, token_count}
  std::string knowledgeSnapshot;  // JSON: {id, entry_type, content} of each fact
  std::string contextSnapshot;    // JSON: the slug of each section, and its text
  mortise::Time compiledAt;
  std::string compiledBy;
  std::string contentHash;
  std::vector<std::string> tools;
  std::int64_t bytes = 0;  // of its texts; RulesStore sets it

  static constexpr auto kFields =
      mortise::fields("projects_rules_versions", mortise::field("id", &RulesVersion::id).key(),
                      mortise::field("rules_id", &RulesVersion::rulesId),
                      mortise::field("version", &RulesVersion::version),
                      mortise::field("static_rules", &RulesVersion::staticRules),
                      mortise::field("compiled_outputs", &RulesVersion::compiledOutputs).json(),
                      mortise::field("knowledge_snapshot", &RulesVersion::knowledgeSnapshot).json(),
                      mortise::field("context_snapshot", &RulesVersion::contextSnapshot).json(),
                      mortise::field("compiled_at", &RulesVersion::compiledAt),
                      mortise::field("compiled_by", &RulesVersion::compiledBy),
                      mortise::field("content_hash", &RulesVersion::contentHash),
                      mortise::field("tools", &RulesVersion::tools).hidden(),
                      mortise::field("bytes", &RulesVersion::bytes).hidden())
          .times(mortise::kIsoMicros);
};

}  // namespace projects
