// The rules of a project as the files that tools read; plain C++. The same rules, facts and sections make the same
// bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "knowledge/entry.hpp"
#include "rules/rules.hpp"

namespace projects {

// The tools that rules are compiled for, and the file that each reads.
struct RulesTool {
  std::string_view name, filename;
};
const std::vector<RulesTool>& rulesTools();
bool isRulesTool(std::string_view name);

struct RulesFact {
  std::int64_t id = 0;
  EntryType type = EntryType::decision;
  std::string content;
};
struct RulesSection {
  std::string slug, title, content;
};

// What rules are compiled of, within their budgets.
struct RulesSources {
  std::vector<RulesFact> facts;
  std::vector<RulesSection> sections;
};
// As many of the facts, and as much of the sections, as the rules ask for: a token is four bytes, a fact or a line is
// whole or left out. Comments of Markdown and empty sections are left out.
RulesSources withinBudgets(const ProjectRules& rules, const std::vector<RulesFact>& facts,
                           const std::vector<RulesSection>& sections);

struct CompiledOutput {
  std::string tool, filename;
  std::string body;     // what the hash is of
  std::string hash;     // SHA-256 in hexadecimal digits
  std::string content;  // the mark that says who manages the file, and the body; empty until withVersion()
  std::int64_t tokenCount = 0;
};

// One for each of the tools, in the order given; unknown ones are left out. `overrides`: the extra text of each tool.
std::vector<CompiledOutput> compiledRules(const ProjectRules& rules, const RulesSources& sources,
                                          const std::vector<std::string>& tools);
// Writes the mark with that version.
void setVersion(std::vector<CompiledOutput>& outputs, std::int64_t version);
// SHA-256 of all of them, in whatever order they are.
std::string aggregateHash(const std::vector<CompiledOutput>& outputs);

}  // namespace projects
