#include "audits/claims.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "audits/audit_windows.hpp"
#include "audits/transcript.hpp"

namespace session_sharing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::optional<TranscriptMessage> messageOf(std::string json, std::int64_t number = 0) {
  MemberLine line;
  line.text = std::move(json);
  line.number = number;
  return readMessage(line);
}

TEST(Transcripts, ReadTextToolsAndTheirResults) {
  const auto message = messageOf(
      R"({"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","tool_use_id":"t1","name":"Bash",)"
      R"("input":{"command":"ls -l","description":"x"}},{"type":"tool_use","id":"t2","name":"Odd","input":{"n":1}}]})",
      7);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->index, 7);
  EXPECT_EQ(message->role, "assistant");
  EXPECT_EQ(message->text, "I look.");
  ASSERT_EQ(message->uses.size(), 2U);
  EXPECT_EQ(message->uses[0].id, "t1");
  EXPECT_EQ(message->uses[0].target, "ls -l");
  EXPECT_EQ(message->uses[1].id, "t2");
  EXPECT_EQ(message->uses[1].target, R"({"n":1})");
}

TEST(Transcripts, TakeResultsOfEveryForm) {
  const auto blocks = messageOf(
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"a"},)"
      R"({"type":"text","text":"b"}],"is_error":true,"exit_code":2}]})");
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->outcomes.size(), 1U);
  EXPECT_EQ(blocks->outcomes[0].id, "t1");
  EXPECT_EQ(blocks->outcomes[0].text, "a\nb");
  EXPECT_TRUE(blocks->outcomes[0].isError);
  EXPECT_EQ(blocks->outcomes[0].exitCode, 2);
  const auto tool = messageOf(R"({"role":"tool","tool_use_id":"t2","content":"done"})");
  ASSERT_TRUE(tool);
  EXPECT_EQ(tool->outcomes.at(0).id, "t2");
  EXPECT_EQ(tool->outcomes.at(0).text, "done");
  EXPECT_EQ(tool->text, "");
  const auto both =
      messageOf(R"({"role":"tool","content":[{"type":"tool_result","tool_use_id":"t3","content":"once"}]})");
  EXPECT_EQ(both->outcomes.size(), 1U) << "a result is counted once";
}

TEST(Transcripts, PassOverWhatIsNoMessage) {
  for (const auto* line :
       {"", "{", "[]", "7", "null", R"({"role":"assistant"})", R"({"role":"user","content":""})",
        R"({"role":"user","content":[]})", R"({"role":"assistant","is_sidechain":true,"content":"x"})",
        R"({"role":"user","content":7})"})
    EXPECT_FALSE(messageOf(line)) << line;
  EXPECT_EQ(messageOf("{\"role\":\"user\",\"content\":\"a\\u0000b\"}")->text, "ab");
}

TranscriptMessage said(std::string text) { return {0, "assistant", std::move(text), {}, {}}; }
TranscriptMessage answered() { return {0, "user", {}, {}, {{"t", "ok", false, {}}}}; }

TEST(Claims, AreAssertions) {
  for (const auto* sentence :
       {"I created src/main.cpp with the entry point.", "All 12 tests pass now.", "The test suite is failing again.",
        "I ran the linter on everything.", "The build succeeded without warnings.", "I fixed the bug in the parser.",
        "The function returns an error now.", "Updated the file accordingly.", "我已修复该问题，测试通过。"})
    EXPECT_TRUE(isAssertion(sentence)) << sentence;
  for (const auto* sentence : {"Let me look at the code.", "I will add a test for that.", "Should I create a file?",
                               "That is a nice idea indeed.", "Tests pass.", "You could try the other branch."})
    EXPECT_FALSE(isAssertion(sentence)) << sentence;
}

TEST(Claims, AreWhatFollowsToolsAndSentencesThatAssert) {
  ClaimFinder finder;
  EXPECT_THAT(finder.take(said("Let me see. I created src/a.cpp for it. Fine!\nAll tests passed in the suite.")),
              ElementsAre("I created src/a.cpp for it.", "All tests passed in the suite."));
  EXPECT_THAT(finder.take(answered()), IsEmpty());
  EXPECT_THAT(finder.take(said("It looks good to me.")), ElementsAre("It looks good to me."));
  EXPECT_THAT(finder.take(said("It looks good to me.")), IsEmpty()) << "no tool answered in between";
  finder.take(answered());
  EXPECT_THAT(finder.take(said("Short.")), IsEmpty());
  finder.take(answered());
  EXPECT_THAT(finder.take({0, "user", "I created src/a.cpp for it.", {}, {}}), IsEmpty()) << "people claim nothing";
}

TEST(Claims, AreBounded) {
  ClaimFinder finder;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "I created the file number " + std::to_string(i) + ".cpp in it.\n";
  EXPECT_EQ(finder.take(said(text)).size(), 20U);
  finder.take(answered());
  EXPECT_EQ(finder.take(said(std::string(5000, 'x'))).at(0).size(), 600U);
}

TEST(Windows, OverlapAndHoldTheMostClaims) {
  EXPECT_TRUE(chooseWindows({}).empty());
  EXPECT_TRUE(chooseWindows(std::vector<std::size_t>(40, 0)).empty());
  const auto one = chooseWindows(std::vector<std::size_t>(50, 1));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].claims, 50U);
  std::vector<std::size_t> claims(120, 0);
  claims[0] = claims[45] = claims[119] = 1;
  const auto some = chooseWindows(claims);
  ASSERT_EQ(some.size(), 3U);
  EXPECT_EQ(some[0].first, 0U);
  EXPECT_EQ(some[0].end, 50U);
  EXPECT_EQ(some[1].first, 40U) << "they overlap by 10";
  EXPECT_EQ(some[2].first, 80U);
  EXPECT_EQ(some[2].end, 120U);
}

TEST(Windows, AreTenAtMostAndLongerInLongSessions) {
  std::vector<std::size_t> claims(2000, 0);
  for (std::size_t i = 0; i < claims.size(); i += 100) claims[i + 20] = i / 100 + 1;
  const auto windows = chooseWindows(claims);
  ASSERT_EQ(windows.size(), 10U);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    EXPECT_LE(windows[i].end - windows[i].first, 100U);
    if (i > 0) {
      EXPECT_LT(windows[i - 1].first, windows[i].first);
    }
  }
  EXPECT_GT(windows[0].first, 700U) << "the richest are at the end";
}

}  // namespace
}  // namespace session_sharing
