// What an entry is taken for, how much texts say the same, phrases, schedules, and answers of models.
#include <gtest/gtest.h>
#include <mortise/time.hpp>

#include <variant>

#include "knowledge/classification.hpp"
#include "knowledge/compile_times.hpp"
#include "knowledge/entry_words.hpp"
#include "knowledge/health_report.hpp"
#include "knowledge/merge_answer.hpp"
#include "knowledge/phrases.hpp"
#include "knowledge/session_findings.hpp"
#include "knowledge/word_overlap.hpp"

namespace projects {
namespace {

using mortise::timeOf;

constexpr const char* kSpecific = "The client in src/net/retry.py gives up after three attempts.";

TEST(Classification, WantsAConfidentLongAndSpecificText) {
  EXPECT_EQ(classify(kSpecific, 0.8, 4, false, false).claimClass, ClaimClass::claim);
  EXPECT_FALSE(classify(kSpecific, 0.8, 4, false, true).tip);
  EXPECT_EQ(classify(kSpecific, 0.79, 0, false, false).claimClass, ClaimClass::note);
  EXPECT_EQ(classify(kSpecific, 1, 5, false, false).claimClass, ClaimClass::note);  // the sixth of a session
  EXPECT_EQ(classify(kSpecific, 1, 0, true, false).claimClass, ClaimClass::note);
  EXPECT_EQ(classify("In src/a.py it is 49 characters long, and no more", 1, 0, false, false).claimClass,
            ClaimClass::note);
  EXPECT_EQ(classify("Everybody here likes small changes better than large ones", 1, 0, false, false).claimClass,
            ClaimClass::note);
  EXPECT_EQ(classify("We all like to make small and slow and careful steps and no big ones at all", 1, 0, false, false)
                .claimClass,
            ClaimClass::claim);
  EXPECT_TRUE(classify(kSpecific, 0.5, 0, false, true).tip);
  EXPECT_EQ(defaultConfidence("manual"), 0.7);
  EXPECT_EQ(defaultConfidence("cli-ask"), 0.7);
  EXPECT_EQ(defaultConfidence("ses_1"), 1.0);
}

TEST(WordSet, DividesBySmallerSet) {
  EXPECT_DOUBLE_EQ(WordSet("One two three.").overlap(WordSet("three TWO one four five")), 1.0);
  EXPECT_DOUBLE_EQ(WordSet("one two three four").overlap(WordSet("one two x y")), 0.5);
  EXPECT_DOUBLE_EQ(WordSet("").overlap(WordSet("one")), 0);
  EXPECT_DOUBLE_EQ(WordSet("one two").partIn(WordSet("one two three")), 1);
  EXPECT_DOUBLE_EQ(WordSet("one two three four").partIn(WordSet("one")), 0.25);
  // Two files of one folder are no near-duplicates.
  EXPECT_LT(WordSet("File created/modified: src/net/http/client.cpp")
                .overlap(WordSet("File created/modified: src/net/http/server.cpp")),
            0.85);
}

TEST(EntryWords, FindPartsInAnyCase) {
  EXPECT_EQ(folded("\xC3\x84"
                   "B\xCE\xA3 x"),
            "\xC3\xA4"
            "b\xCF\x83 x");
  EXPECT_EQ(indexQuery("proj_abc12", "ab", true), "");
  EXPECT_EQ(indexQuery("proj_abc12", "AbC", true), "\"21cba_abc\"");
  EXPECT_EQ(indexQuery("proj_abc12", "a-b", false), "'21cba_a_2d_b'");
  EXPECT_EQ(indexWords("proj_abc12", "abab"), "21cba_aba 21cba_bab ");
}

TEST(PhraseCounter, FindsWhatManyShare) {
  PhraseCounter counter;
  for (int i = 0; i < 6; ++i) counter.add(i, "The payment service of number" + std::to_string(i) + " retries");
  for (int i = 6; i < 11; ++i) counter.add(i, "Every worker thread and the service account");
  const auto phrases = counter.shared(5, 10);
  ASSERT_EQ(phrases.size(), 2U);
  EXPECT_EQ(phrases[0].text, "payment service");
  EXPECT_EQ(phrases[0].entries.size(), 6U);
  EXPECT_EQ(phrases[1].text, "worker thread");  // "service account" shares a word with the first
}

TEST(PhraseCounter, CountsCharacters) {
  PhraseCounter counter;
  for (int i = 0; i < 6; ++i) counter.add(i, "\xC3\xBC\xC3\xBC\xC3\xBC service");
  EXPECT_TRUE(counter.shared(5, 10).empty());  // the first has three
}

TEST(CompileTimes, AreAtTwo) {
  const auto at = [](const char* text) { return mortise::parseTime(text).value(); };
  EXPECT_EQ(lastCompileTime(CompileSchedule::nightly, at("2026-01-07T01:59:59Z")), at("2026-01-06T02:00:00Z"));
  EXPECT_EQ(lastCompileTime(CompileSchedule::nightly, at("2026-01-07T02:00:00Z")), at("2026-01-07T02:00:00Z"));
  EXPECT_EQ(lastCompileTime(CompileSchedule::weekly, at("2026-01-07T12:00:00Z")), at("2026-01-04T02:00:00Z"));
  EXPECT_EQ(nextCompileTime(CompileSchedule::weekly, at("2026-01-07T12:00:00Z")), at("2026-01-11T02:00:00Z"));
  EXPECT_FALSE(nextCompileTime(CompileSchedule::off, at("2026-01-07T12:00:00Z")));
}

TEST(Health, SaysWhatADocumentDoesNotTell) {
  EXPECT_FALSE(tellsNothingOf("", {"Nobody anywhere mentions something"}));
  EXPECT_TRUE(tellsNothingOf("About clocks", {"Nobody anywhere mentions clocks"}));
  EXPECT_FALSE(tellsNothingOf("About clocks", {"Nobody mentions clocks anywhere"}));
  EXPECT_FALSE(tellsNothingOf("About clocks", {"all of it is tiny"}));
  // Words are long by their characters: these have four.
  EXPECT_FALSE(tellsNothingOf("About clocks", {"\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC \xE6\x97\xA5\xE6\x9C\xAC"}));
}

TEST(SessionFindings, ComeFromASummary) {
  const auto found = sessionFindings(
      R"({"files_modified":["src/a.py"],"packages_installed":["httpx",7],"tests_run":9,"tests_failed":2,)"
      R"("key_decisions":["Use\nhttpx"],"open_issues":null})");
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].content, "File created/modified: src/a.py");
  EXPECT_EQ(found[0].type, EntryType::pattern);
  EXPECT_EQ(found[0].confidence, 0.3);
  EXPECT_EQ(found[1].type, EntryType::bug);
  EXPECT_EQ(found[2].content, "Package installed: httpx");
  EXPECT_EQ(found[3].content, "Use httpx");
  EXPECT_EQ(found[3].confidence, 0.8);
  const auto of = [](const char* text) { return sessionFindings(text, 5).size(); };
  EXPECT_EQ(of(R"({"message_count":5,"files_modified":["src/a.py"]})"), 1U);
  EXPECT_EQ(of(R"({"message_count":4,"files_modified":["src/a.py"]})"), 0U);
  EXPECT_EQ(of(R"({"files_modified":["src/a.py"]})"), 0U);
  for (const char* text : {"", "[]", "{\"files_modified\":\"x\"}", "{\"files_modified\":[{}]}", "{nonsense"})
    EXPECT_TRUE(sessionFindings(text).empty()) << text;
}

CompileDraft draft() {
  CompileDraft draft;
  draft.document = "# Shop\n\n## Overview\n\nThe shop sells clocks to people who like clocks.\n\n## Key Decisions\n";
  draft.claims.push_back({1, EntryType::decision, 1, timeOf(1), kSpecific});
  draft.claims.push_back(
      {2, EntryType::bug, 0.9, timeOf(1), "The worker in jobs/mail.py hangs when SMTP answers 421."});
  return draft;
}

bool isTaken(std::string_view answer) {
  return std::holds_alternative<MergedDocument>(mergedDocument(draft(), answer));
}

TEST(MergeAnswer, HasToBeThisDocumentWithTheseFacts) {
  const std::string good =
      "# Shop\n\n## Overview\n\nThe shop sells clocks to people who like clocks.\n\n## Key Decisions\n\n"
      "- The client in src/net/retry.py gives up after three attempts.\n";
  const auto merged = mergedDocument(draft(), "```markdown\n" + good + "```");
  ASSERT_TRUE(std::holds_alternative<MergedDocument>(merged));
  const auto& document = std::get<MergedDocument>(merged);
  EXPECT_EQ(document.text, good);
  EXPECT_EQ(document.claims, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(document.in, (std::map<std::int64_t, std::string>{{1, "key_decisions"}}));  // the other becomes a bullet
  EXPECT_FALSE(isTaken(""));
  EXPECT_FALSE(isTaken("  \n"));
  EXPECT_FALSE(isTaken("I am sorry, I can't do that."));
  EXPECT_FALSE(isTaken("{\"nonsense\": [1, 2, 3]}"));
  EXPECT_FALSE(isTaken("# Shop\n\n\xFF\xFE"));
  // Without a section; without what the document said; without the facts; and somebody else's.
  EXPECT_FALSE(
      isTaken("# Shop\n\n## Key Decisions\n\n- The client in src/net/retry.py gives up after three attempts.\n"));
  EXPECT_FALSE(
      isTaken("# Shop\n\n## Overview\n\nFine.\n\n## Key Decisions\n\n"
              "- The client in src/net/retry.py gives up after three attempts.\n"));
  EXPECT_FALSE(
      isTaken("# Shop\n\n## Overview\n\nThe shop sells clocks to people who like clocks.\n\n## Key Decisions\n"));
  EXPECT_FALSE(
      isTaken("# Bank\n\n## Overview\n\nThe bank keeps money.\n\n## Key Decisions\n\n- Gold is kept in vaults.\n"));
}

}  // namespace
}  // namespace projects
