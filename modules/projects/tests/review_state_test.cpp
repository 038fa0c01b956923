// What reviews say, read out of comments that anybody may have made to be slow to read.
#include "tickets/review_state.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace projects {
namespace {

TicketComment comment(int number, const std::string& content, bool isTrusted = true) {
  TicketComment out;
  out.id = "tc_" + std::to_string(number);
  out.ticketId = "tk_1";
  out.content = content;
  out.verdictTrusted = isTrusted;
  out.createdAt = mortise::timeOf(1'700'000'000'000'000 + number);
  return out;
}

std::optional<ReviewState> reviewStateOf(const std::vector<TicketComment>& comments) {
  ReviewReader reader;
  for (const auto& each : comments) reader.read(each);
  return reader.state();
}

TEST(ReviewHeader, IsALineThatSaysRoundAndVerdict) {
  struct Case {
    const char* text;
    int round;  // 0: none
    const char* verdict;
    bool isClean, isStrict;
  };
  for (const auto& [text, round, verdict, isClean, isStrict] : std::vector<Case>{
           {"Codex R1 review on tk_1: VERIFIED-CLEAN", 1, "VERIFIED-CLEAN", true, true},
           {"Hello\ncodex r12 doc review on tk_abc: verified_clean and more", 12, "verified_clean", true, true},
           {"Codex R3 review on tk_1 : CHANGES REQUESTED\r\n", 3, "CHANGES REQUESTED", false, false},
           {"Codex R3 review on tk_1: changes_requested", 3, "changes_requested", false, false},
           {"Codex  R3\treview on tk_1:NO CHANGES NEEDED", 3, "NO CHANGES NEEDED", true, false},
           {"Codex R2 review on tk_1: APPROVED", 2, "APPROVED", true, false},
           {"Codex R2 review on tk_1: VERIFIED CLEAN", 0, "", false, false},
           {"Codex R2 review on tk_1: perhaps", 0, "", false, false},
           {"Codex R2 review on tk_: APPROVED", 0, "", false, false},
           {"Codex R review on tk_1: APPROVED", 0, "", false, false},
           {"Codex R9999999999 review on tk_1: APPROVED", 0, "", false, false},
           {"> Codex R2 review on tk_1: APPROVED", 0, "", false, false},
           {"Codex R2 docreview on tk_1: APPROVED", 0, "", false, false},
           {"", 0, "", false, false}}) {
    SCOPED_TRACE(text);
    const auto header = reviewHeaderOf(text);
    ASSERT_EQ(header.has_value(), round > 0);
    if (!header) continue;
    EXPECT_EQ(header->round, round);
    EXPECT_EQ(header->rawVerdict, verdict);
    EXPECT_EQ(header->isClean, isClean);
    EXPECT_EQ(header->isStrict, isStrict);
  }
}

TEST(ReviewState, CountsTrustedCommentsOnly) {
  EXPECT_FALSE(reviewStateOf({}));
  EXPECT_FALSE(reviewStateOf({comment(1, "Codex R1 review on tk_1: APPROVED", false)}));
  EXPECT_FALSE(reviewStateOf({comment(1, "looks fine", true)}));
}

TEST(ReviewState, KeepsFindingsOpenUntilALaterRoundIsClean) {
  const std::string first =
      "Codex R1 review on tk_1: CHANGES REQUESTED\n"
      "Findings:\n"
      "  • CRITICAL — drops the table\n"
      "- HIGH: no index\n"
      "* LOW - a typo \n"
      "- low - not in capitals\n"
      "- MEDIUM\n"
      "text about HIGH - things\n"
      "## Out of scope\n"
      "- HIGH - not one\n";
  const auto open = reviewStateOf({comment(1, first), comment(2, "done", false)});
  ASSERT_TRUE(open);
  ASSERT_EQ(open->findings.size(), 3u);
  EXPECT_EQ(open->findings[0].severity, "CRITICAL");
  EXPECT_EQ(open->findings[0].text, "drops the table");
  EXPECT_EQ(open->findings[1].text, "no index");
  EXPECT_EQ(open->findings[2].text, "a typo");
  EXPECT_EQ(open->rounds.at(0).findingsRaised, 3);
  EXPECT_EQ(open->lastReviewCommentId, "tc_1");
  EXPECT_EQ(open->lastImplementerCommentId, "tc_2");
  EXPECT_NE(open->json().text().find(R"("severity_counts":{"CRITICAL":1,"HIGH":1,"MEDIUM":0,"LOW":1})"),
            std::string::npos);

  // A clean round closes what was found before it, by the lowest such round; not what is found in it or later.
  const auto closed = reviewStateOf({comment(1, first), comment(2, "Codex R4 review on tk_1: APPROVED"),
                                     comment(3, "Codex R3 review on tk_1: NO CHANGES NEEDED\n- LOW - but this"),
                                     comment(4, "Codex R5 review on tk_1: changes requested\n- HIGH - again")});
  ASSERT_TRUE(closed);
  ASSERT_EQ(closed->findings.size(), 5u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(closed->findings[i].closedRound, 3);
  EXPECT_EQ(closed->findings[3].closedRound, 4);
  EXPECT_FALSE(closed->findings[4].closedRound);
  EXPECT_EQ(closed->rounds.back().round, 5);
  EXPECT_EQ(closed->rounds.back().verdict, "CHANGES_REQUESTED");
  EXPECT_NE(closed->json().text().find(R"("last_verdict_is_strict_verified_clean":false)"), std::string::npos);
}

TEST(ReviewState, CutsFindingsBetweenTwoCharacters) {
  for (const std::string& start : {std::string(), std::string("x"), std::string("xx"), std::string("xxx")}) {
    std::string what = start;
    while (what.size() < 5000) what += "\xF0\x9F\x95\xB0";  // four bytes
    const auto state = reviewStateOf({comment(1, "Codex R1 review on tk_1: APPROVED\n- LOW - " + what)});
    ASSERT_TRUE(state);
    const auto& text = state->findings.at(0).text;
    EXPECT_EQ(text.size(), start.size() + (4000 - start.size()) / 4 * 4);
    EXPECT_EQ(text, what.substr(0, text.size()));
  }
}

TEST(ReviewState, KeepsSoManyFindingsAndIsNotCleanWhileOneIsMissing) {
  std::string many = ": CHANGES REQUESTED\n";
  for (int i = 0; i < 600; ++i) many += "- LOW - a typo\n";
  std::vector<TicketComment> comments;
  for (int round = 1; round <= 11; ++round)
    comments.push_back(comment(round, "Codex R" + std::to_string(round) + " review on tk_1" + many));
  auto state = reviewStateOf(comments);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->findings.size(), ReviewReader::kMaxFindings);
  EXPECT_EQ(state->rounds.at(0).findingsRaised, 500);
  EXPECT_EQ(state->rounds.at(10).findingsRaised, 0);
  EXPECT_EQ(state->cutRound, 11);
  EXPECT_FALSE(state->isStrictlyClean());
  // A round that is clean closes what was cut away before it, but not what is cut in it.
  auto closed = comments;
  closed.push_back(comment(12, "Codex R12 review on tk_1: VERIFIED-CLEAN"));
  EXPECT_TRUE(reviewStateOf(closed)->isStrictlyClean());
  closed.back().content += "\n- HIGH - but this";
  EXPECT_FALSE(reviewStateOf(closed)->isStrictlyClean());

  std::vector<TicketComment> longOnes;
  std::string text = "Codex R1 review on tk_1: CHANGES REQUESTED\n";
  for (int i = 0; i < 9; ++i) text += "- LOW - " + std::string(4000, 'x') + "\n";
  for (int i = 0; i < 100; ++i) longOnes.push_back(comment(i, text));
  state = reviewStateOf(longOnes);
  ASSERT_TRUE(state);
  EXPECT_LE(state->findings.size() * 4000, ReviewReader::kMaxFindingsBytes);
  EXPECT_EQ(state->rounds.size(), 100u);
}

TEST(ReviewState, ReadsEachTextOnceHoweverItIsMade) {
  std::vector<std::string> hostile;
  for (const std::string& piece :
       {std::string(" "), std::string("\n"), std::string("- "), std::string("- HIGH"),
        std::string("Codex R1 review on tk_"), std::string("Codex "), std::string("NO  "), std::string("CHANGES _-"),
        std::string("Verified \n"), std::string("\xE2\x80\xA2 ")}) {
    std::string text = "Codex R1 review on tk_1: APPROVED\n";
    while (text.size() + piece.size() <= 40'000) text += piece;
    hostile.push_back(text);
    hostile.push_back(text.substr(34));
  }
  std::vector<TicketComment> comments;
  for (std::size_t i = 0; i < kReviewedComments; ++i)
    comments.push_back(comment(static_cast<int>(i), hostile[i % hostile.size()]));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(reviewStateOf(comments));
  // 20 MB: a second of a slow machine is many times what it takes, and nothing beside what a quadratic reader would.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace projects
