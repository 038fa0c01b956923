// What models are sent.
#include "memory/agent_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "memory/context_rules.hpp"

namespace agent {
namespace {

using mortise::models::assistant;
using mortise::models::Role;
using mortise::models::ToolCall;
using mortise::models::user;
using testing::HasSubstr;

TEST(ContextRules, KnowTheWindowsOfModels) {
  ContextRules rules;
  EXPECT_EQ(windowOf(rules, "gpt-4o"), 128000);
  EXPECT_EQ(windowOf(rules, "gpt-4o-mini"), 128000);
  EXPECT_EQ(windowOf(rules, "gpt-4.1"), 1048576);
  EXPECT_EQ(windowOf(rules, "deepseek-chat"), 65536);
  EXPECT_EQ(windowOf(rules, "gpt-4o-2024-08-06"), 128000);
  EXPECT_EQ(windowOf(rules, "openai/GPT-4.1-mini"), 1048576);
  EXPECT_EQ(windowOf(rules, "deepseek-reasoner"), 65536);
  EXPECT_EQ(windowOf(rules, "whatever"), 32768);
  rules.unknownWindow = 5000;
  EXPECT_EQ(windowOf(rules, "whatever"), 5000);
  rules.window = 2000;
  EXPECT_EQ(windowOf(rules, "gpt-4o"), 2000);
  EXPECT_EQ(effectiveWindow(rules, "gpt-4o"), 1500) << "a quarter is the most that is reserved";
  rules.window = 100000;
  EXPECT_EQ(effectiveWindow(rules, "gpt-4o"), 100000 - 4096);
}

TEST(ContextRules, EstimateTokens) {
  EXPECT_EQ(tokensByCharacters(""), 0);
  EXPECT_EQ(tokensByCharacters("abcdefgh"), 2);
  EXPECT_EQ(tokensByCharacters("你好世界"), 4);
  EXPECT_EQ(tokensByCharacters("你好 abc"), 3);
  EXPECT_EQ(tokensByBoth("a b c d e f g h i j"), 13) << "1.3 for each word";
  EXPECT_EQ(tokensByBoth("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 10);
}

AgentMemory filled(int messages, std::size_t size = 100) {
  AgentMemory memory("react", {});
  memory.setSystem("SYSTEM");
  for (int i = 0; i < messages; ++i) {
    if (i % 3 == 0) {
      memory.add(user("u" + std::to_string(i) + std::string(size, 'x')));
    } else if (i % 3 == 1) {
      memory.add(assistant("", {{"c" + std::to_string(i), "shell_execute", "{}"}}));
    } else {
      memory.addResult({"c" + std::to_string(i - 1), "shell_execute", "{}"}, std::string(size, 'y'));
    }
  }
  return memory;
}

// No result without its call, no call in the middle without its result.
void expectWhole(const AgentMemory& memory) {
  const auto& all = memory.messages();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].role != Role::tool) continue;
    ASSERT_GT(i, 0U);
    EXPECT_FALSE(all[i - 1].toolCalls.empty() && all[i - 1].role != Role::tool) << i;
  }
}

TEST(AgentMemory, IsReadAsItWasWritten) {
  auto memory = filled(5);
  const auto change = memory.takeChange();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, 0);
  EXPECT_EQ(change->messages.size(), 6U);
  EXPECT_FALSE(memory.takeChange());
  AgentMemory again("react", change->messages);
  ASSERT_EQ(again.messages().size(), 6U);
  EXPECT_EQ(again.messages()[2].toolCalls[0].name, "shell_execute");
  EXPECT_EQ(again.messages()[3].toolCallId, "c1");
  auto thoughtful = assistant("So.");
  thoughtful.reasoning = "first this";
  EXPECT_EQ(readMessage(toText(thoughtful)).reasoning, "first this");
  again.add(user("more"));
  const auto next = again.takeChange();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->from, 6);
  EXPECT_EQ(next->messages.size(), 1U);
}

TEST(AgentMemory, RewritesTheSystemMessageWhenItChanges) {
  auto memory = filled(2);
  memory.takeChange();
  memory.setSystem("SYSTEM");
  EXPECT_FALSE(memory.takeChange());
  memory.setSystem("OTHER");
  EXPECT_EQ(memory.takeChange()->from, 0);
}

TEST(AgentMemory, RollsBackACallWithoutAResult) {
  auto memory = filled(2);
  memory.takeChange();
  EXPECT_FALSE(memory.rollBack());
  EXPECT_EQ(memory.messages().size(), 2U);
  const auto change = memory.takeChange();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, 2);
  EXPECT_TRUE(change->messages.empty());
}

TEST(AgentMemory, AnswersTheQuestionThatWaits) {
  AgentMemory memory("react", {});
  memory.add(assistant("", {{"c", "message_ask_user", "{}"}}));
  EXPECT_TRUE(memory.rollBack("blue"));
  ASSERT_EQ(memory.messages().size(), 2U);
  EXPECT_EQ(memory.messages()[1].toolCallId, "c");
  EXPECT_THAT(memory.messages()[1].text, HasSubstr("blue"));
  memory.add(assistant("", {{"d", "message_ask_user", "{}"}}));
  EXPECT_FALSE(memory.rollBack());
  EXPECT_EQ(memory.messages().size(), 2U);
}

TEST(AgentMemory, TellsOfACallThatBrokeOffWhileItAsked) {
  AgentMemory memory("react", {});
  memory.add(assistant("", {{"c", "mcp_shop_order", "{}"}}));
  EXPECT_TRUE(memory.rollBack("two of them"));
  ASSERT_EQ(memory.messages().size(), 2U);
  EXPECT_EQ(memory.messages()[1].toolCallId, "c");
  EXPECT_THAT(memory.messages()[1].text, testing::StartsWith(R"({"success":false,"message":"The call broke off)"));
  EXPECT_THAT(memory.messages()[1].text, HasSubstr(R"("data":"two of them"})"));
}

TEST(AgentMemory, CutsLongResults) {
  AgentMemory memory("react", {});
  memory.addResult({"c", "f", "{}"}, std::string(20000, 'x'));
  EXPECT_LT(memory.messages()[0].text.size(), 8100U);
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("truncated"));
}

TEST(AgentMemory, ForgetsPagesAndReasoningAfterAStep) {
  AgentMemory memory("react", {});
  auto said = assistant("", {{"c", "browser_view", "{}"}});
  said.reasoning = "hm";
  memory.add(said);
  memory.addResult({"c", "browser_view", "{}"}, "a page");
  memory.forgetPassing();
  EXPECT_EQ(memory.messages()[0].reasoning, "");
  EXPECT_EQ(memory.messages()[1].text, "(removed)");
}

ContextRules small() {
  ContextRules rules;
  rules.window = 2000;
  rules.guarded = true;
  rules.estimator = TokenEstimator::character;
  rules.safetyFactor = 1;
  return rules;
}

TEST(AgentMemory, SaysWhenItIsTooLong) {
  const auto rules = small();  // 1500 after the reserve
  EXPECT_EQ(filled(10).due(rules, "m"), AgentMemory::Compaction::none);
  EXPECT_EQ(filled(48).due(rules, "m"), AgentMemory::Compaction::none);
  auto memory = filled(3);
  memory.add(user(std::string(5100, 'x')));
  EXPECT_EQ(memory.due(rules, "m"), AgentMemory::Compaction::soft);
  memory.add(user(std::string(700, 'x')));
  EXPECT_EQ(memory.due(rules, "m"), AgentMemory::Compaction::hard);
}

TEST(AgentMemory, PutsASummaryForTheOldestMessages) {
  auto memory = filled(30, 160);
  memory.add(user(std::string(1100, 'z')));
  ASSERT_EQ(memory.due(small(), "m"), AgentMemory::Compaction::soft);
  std::string given;
  memory.add(user("last"));
  memory.compact(small(), "m", [&](const std::string& text) {
    given = text;
    return std::optional<std::string>("They talked.");
  });
  EXPECT_THAT(given, HasSubstr("u0"));
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("SYSTEM"));
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("They talked."));
  EXPECT_EQ(memory.messages().back().text, "last");
  EXPECT_LE(memory.tokens(small()), 1500 * 68 / 100);
  expectWhole(memory);
  memory.setSystem("OTHER");
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("OTHER"));
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("They talked.")) << "the summary stays";
}

TEST(AgentMemory, KeepsIdentifiersThatASummaryForgot) {
  AgentMemory memory("react", {});
  memory.setSystem("S");
  memory.add(user("See https://example.com/a and /home/ubuntu/notes.md. " + std::string(4000, 'x')));
  memory.add(assistant("done"));
  memory.add(user("next " + std::string(1200, 'x')));
  memory.compact(small(), "m", [](const std::string&) { return std::optional<std::string>("Nothing."); });
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("https://example.com/a"));
  EXPECT_THAT(memory.messages()[0].text, HasSubstr("/home/ubuntu/notes.md"));
}

TEST(AgentMemory, BoundsASummary) {
  auto rules = small();
  rules.window = 40000;
  auto memory = filled(30, 6200);
  ASSERT_EQ(memory.due(rules, "m"), AgentMemory::Compaction::soft) << memory.tokens(rules);
  memory.compact(rules, "m", [](const std::string&) { return std::optional(std::string(50000, 'q')); });
  const auto& text = memory.messages()[0].text;
  EXPECT_EQ(std::count(text.begin(), text.end(), 'q'), 16000);
  EXPECT_LT(text.size(), 16100U);
}

TEST(AgentMemory, IsCutWhenItsSummaryIsNoShorter) {
  std::vector<std::size_t> sizes;
  for (const int times : {0, 2}) {
    auto memory = filled(30, 160);
    memory.add(user(std::string(1100, 'z')));
    ASSERT_EQ(memory.due(small(), "m"), AgentMemory::Compaction::soft);
    memory.compact(small(), "m", [&](const std::string& text) {
      std::string summary = "They talked.";
      for (int i = 0; i < times; ++i) summary += text;
      return std::optional(summary);
    });
    EXPECT_THAT(memory.messages()[0].text, HasSubstr("SYSTEM"));
    EXPECT_THAT(memory.messages().back().text, testing::StartsWith("z"));
    expectWhole(memory);
    sizes.push_back(memory.messages().size());
  }
  EXPECT_LT(sizes[1], sizes[0]);
}

TEST(AgentMemory, IsCutWhereNobodySummarizes) {
  auto memory = filled(60);
  memory.takeChange();
  memory.compact(small(), "m", [](const std::string&) { return std::optional<std::string>(); });
  if (memory.messages().size() == 61) memory.cut();
  EXPECT_LE(memory.messages().size(), 20U);
  EXPECT_EQ(memory.messages()[0].role, Role::system);
  EXPECT_NE(memory.messages()[1].role, Role::tool);
  expectWhole(memory);
  EXPECT_TRUE(memory.takeChange());
}

TEST(AgentMemory, GetsShorterEachTimeItIsCut) {
  auto memory = filled(9);
  for (int i = 0; i < 20; ++i) {
    const auto before = memory.messages().size();
    memory.cut();
    expectWhole(memory);
    if (before > 3) {
      EXPECT_LT(memory.messages().size(), before);
    }
  }
  EXPECT_GE(memory.messages().size(), 2U) << "the system message and the newest group stay";
}

TEST(AgentMemory, CountsWhatTheProviderReported) {
  auto rules = small();
  rules.estimator = TokenEstimator::providerApi;
  auto memory = filled(3);
  memory.reportUsage(1234);
  memory.add(user("12345678"));
  EXPECT_EQ(memory.tokens(rules), 1234 + 4 + 2);
}

}  // namespace
}  // namespace agent
