// The files of tools: the same bytes of the same rules, within budgets, under a mark that clients find.
#include "rules/compiled_rules.hpp"

#include <gtest/gtest.h>

#include <regex>

namespace projects {
namespace {

const std::vector<std::string> kAll = {"claude-code", "codex", "cursor", "copilot", "gemini"};

ProjectRules rules() {
  ProjectRules out;
  out.staticRules = "Be kind.\n";
  return out;
}

const std::vector<RulesFact> kFacts = {{2, EntryType::decision, "Use PostgreSQL"},
                                       {1, EntryType::convention, "Tabs\n are 2"}};
const std::vector<RulesSection> kSections = {{"overview", "Overview", "<!-- say what -->\nA shop."},
                                             {"architecture", "Architecture", "<!-- nothing yet -->"},
                                             {"team", "Team", "Ada."}};

TEST(CompiledRules, HaveRulesFactsAndSections) {
  const auto sources = withinBudgets(rules(), kFacts, kSections);
  auto outputs = compiledRules(rules(), sources, kAll);
  ASSERT_EQ(outputs.size(), 5U);
  EXPECT_EQ(outputs[0].body,
            "## Rules of the project\n\nBe kind.\n\n## What the project knows\n\n- Use PostgreSQL _(decision)_\n"
            "- Tabs are 2 _(convention)_\n\n## Context of the project\n\n### Overview\n\nA shop.\n");
  EXPECT_EQ(outputs[0].filename, "CLAUDE.md");
  EXPECT_EQ(outputs[2].filename, ".cursorrules");
  EXPECT_EQ(outputs[3].filename, ".github/copilot-instructions.md");
  EXPECT_EQ(outputs[0].hash, outputs[4].hash);
  EXPECT_EQ(aggregateHash(outputs), aggregateHash(compiledRules(rules(), sources, {kAll.rbegin(), kAll.rend()})));
  EXPECT_EQ(aggregateHash({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// As clients tell a file that is managed from one that somebody wrote.
TEST(CompiledRules, BeginWithAMarkThatClientsFind) {
  const std::regex mark(R"(sessionfs[-_]managed[^]*?version[:=]\s*(\d+)[^]*?hash[:=]\s*([0-9a-f]{8,64}))",
                        std::regex::icase);
  auto outputs = compiledRules(rules(), withinBudgets(rules(), kFacts, kSections), kAll);
  setVersion(outputs, 17);
  for (const auto& output : outputs) {
    std::smatch match;
    const auto start = output.content.substr(0, 512);
    ASSERT_TRUE(std::regex_search(start, match, mark)) << output.tool;
    EXPECT_EQ(match[1], "17");
    EXPECT_EQ(match[2], output.hash.substr(0, 16));
    EXPECT_TRUE(output.content.ends_with(output.body));
    EXPECT_EQ(output.tokenCount, static_cast<std::int64_t>((output.content.size() + 3) / 4));
  }
}

TEST(CompiledRules, OverridesAreForTheirToolAlone) {
  auto own = rules();
  own.toolOverrides =
      R"({"codex": {"extra": " Only codex. "}, "cursor": {"extra": 5}, "gemini": [], "nope": {"extra": "x"}})";
  const auto outputs = compiledRules(own, {}, {"codex", "cursor", "gemini", "nope", "codex"});
  ASSERT_EQ(outputs.size(), 3U);
  EXPECT_EQ(outputs[0].body, "## Rules of the project\n\nBe kind.\n\n## Rules for codex\n\nOnly codex.\n");
  EXPECT_EQ(outputs[1].body, "## Rules of the project\n\nBe kind.\n");
  EXPECT_EQ(outputs[2].body, outputs[1].body);
  own.toolOverrides = "no JSON";
  EXPECT_EQ(compiledRules(own, {}, {"codex"})[0].body, outputs[1].body);
}

TEST(CompiledRules, KeepTheirBudgets) {
  auto own = rules();
  own.contextSections = {"Team", "overview", "nothing"};
  own.knowledgeMaxTokens = 8;  // 32 bytes
  own.contextMaxTokens = 3;    // 12 bytes
  auto sources = withinBudgets(own, kFacts, kSections);
  ASSERT_EQ(sources.facts.size(), 1U);
  EXPECT_EQ(sources.facts[0].id, 2);
  ASSERT_EQ(sources.sections.size(), 2U) << "in the order of the rules, 4 and 7 bytes";
  EXPECT_EQ(sources.sections[0].slug, "team");
  own.contextMaxTokens = 2;
  EXPECT_EQ(withinBudgets(own, kFacts, kSections).sections.size(), 1U);
  own.knowledgeMaxTokens = own.contextMaxTokens = 0;
  sources = withinBudgets(own, kFacts, kSections);
  EXPECT_TRUE(sources.facts.empty() && sources.sections.empty());
  own = rules();
  own.includeKnowledge = own.includeContext = false;
  sources = withinBudgets(own, kFacts, kSections);
  EXPECT_TRUE(sources.facts.empty() && sources.sections.empty());
  own = rules();
  own.contextMaxTokens = 2;
  sources = withinBudgets(own, {}, {{"overview", "Overview", "one\ntwo\nthree"}});
  ASSERT_EQ(sources.sections.size(), 1U);
  EXPECT_EQ(sources.sections[0].content, "one\ntwo") << "whole lines";
}

TEST(CompiledRules, AreEmptyWithoutAnything) {
  auto outputs = compiledRules({}, {}, {"codex"});
  EXPECT_EQ(outputs[0].body, "");
  setVersion(outputs, 1);
  EXPECT_NE(outputs[0].content, "");
}

}  // namespace
}  // namespace projects
