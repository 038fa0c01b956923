// The context document: facts below their headings, people's text untouched.
#include <gtest/gtest.h>

#include "knowledge/context_document.hpp"
#include "wiki/page_text.hpp"

namespace projects {
namespace {

constexpr std::string_view kTemplate =
    "# Project Context\n\n## Overview\n\n## Architecture\n\n## Conventions\n\n## API Contracts\n\n## Key Decisions\n\n"
    "## Team\n";

std::string withFact(std::string_view text, const Fact& fact) {
  ContextDocument document(text);
  document.put(fact);
  return document.text();
}

TEST(ContextDocument, PutsAFactBelowTheHeadingThatThereIs) {
  EXPECT_EQ(withFact(kTemplate, {EntryType::decision, "Use PostgreSQL.", true}),
            "# Project Context\n\n## Overview\n\n## Architecture\n\n## Conventions\n\n## API Contracts\n\n"
            "## Key Decisions\n\n- Use PostgreSQL.\n\n## Team\n");
  EXPECT_EQ(
      withFact("# T\n\n## key decisions\nWe decide slowly.\n\n## Team\nAda", {EntryType::decision, "Use it.", true}),
      "# T\n\n## key decisions\nWe decide slowly.\n\n- Use it.\n\n## Team\nAda");
  EXPECT_EQ(withFact("## Key Decisions\n- One\n  goes on\n\nAfter it.", {EntryType::decision, "Two", true}),
            "## Key Decisions\n- One\n  goes on\n- Two\n\nAfter it.");
  EXPECT_EQ(withFact("## Key Decisions\n* One", {EntryType::decision, "Two", true}),
            "## Key Decisions\n* One\n- Two\n");
}

TEST(ContextDocument, BeginsWithItsTitle) {
  EXPECT_EQ(withFact(" \n", {EntryType::bug, "It\n  fails  at 5.", true}),
            "# Project Context\n\n## Known Issues & Workarounds\n\n- It fails at 5.\n");
  EXPECT_EQ(ContextDocument("").text(), "# Project Context\n");
}

TEST(ContextDocument, HasEachFactOnce) {
  ContextDocument document("# T\n\n## Mine\n- Use it.\n");
  EXPECT_EQ(document.put({EntryType::decision, " Use  it. ", true}), "mine");
  EXPECT_EQ(document.put({EntryType::decision, "Use that.", true}), "key_decisions");
  EXPECT_EQ(document.put({EntryType::bug, "Use that.", true}), "key_decisions");
  EXPECT_EQ(document.text(), "# T\n\n## Mine\n- Use it.\n\n## Key Decisions\n\n- Use that.\n");
}

TEST(ContextDocument, MovesAFactUpOnceItIsVerified) {
  ContextDocument document("# T\n");
  EXPECT_EQ(document.put({EntryType::decision, "Perhaps it is so (unverified)", false}), "unverified");
  const auto before = document.text();
  EXPECT_EQ(before, "# T\n\n## Unverified\n\n- Perhaps it is so (unverified)\n");
  ContextDocument again(before);
  EXPECT_EQ(again.put({EntryType::decision, "Perhaps it is so", false}), "unverified");
  EXPECT_EQ(again.text(), before);
  EXPECT_EQ(again.put({EntryType::decision, "Perhaps it is so", true}), "key_decisions");
  EXPECT_EQ(again.text(), "# T\n\n## Key Decisions\n\n- Perhaps it is so\n");
}

TEST(ContextDocument, KeepsWhatPeopleWroteAmongUnverifiedFacts) {
  ContextDocument document("# T\n\n## Unverified\n\nPlease check.\n\n- One\n\n## Unverified\n- Two\n");
  document.put({EntryType::decision, "One", true});
  EXPECT_EQ(document.text(),
            "# T\n\n## Key Decisions\n\n- One\n\n## Unverified\n\nPlease check.\n\n\n## Unverified\n- Two\n");
  document.put({EntryType::decision, "Three", false});
  document.put({EntryType::decision, "Two", true});
  EXPECT_EQ(document.text(),
            "# T\n\n## Key Decisions\n\n- One\n- Two\n\n## Unverified\n\nPlease check.\n\n- Three "
            "(unverified)\n\n## Unverified\n");
}

TEST(ContextDocument, HoldsManySectionsAndFacts) {
  constexpr int kMany = 50'000;
  std::string text = "# T\n";
  for (int i = 0; i < kMany; ++i) text += "## Part " + std::to_string(i) + "\n";
  text += "## Unverified\n";
  for (int i = 0; i < kMany; ++i) text += "- fact " + std::to_string(i) + " (unverified)\n";
  ContextDocument document(text);
  EXPECT_EQ(document.sections().size(), kMany + 1U);
  for (int i = 0; i < kMany; ++i) {
    const auto fact = "fact " + std::to_string(i);
    EXPECT_EQ(document.put({EntryType::decision, fact, true}), "key_decisions");
  }
  EXPECT_EQ(document.headings(), kMany + 1);
  EXPECT_EQ(document.text().find("unverified"), std::string::npos);
}

TEST(ContextDocument, LeavesWhatPeopleWroteAsItIs) {
  for (const std::string_view text :
       {"no heading", "# A\n\n\n```\n## Key Decisions\n- no bullet\n```\n## B\r\n- x\n\ty\n", "##\n## \n##x\n- \n",
        "~~~\n## Open\n", "- bullet\n\n## H\n\n\n"}) {
    EXPECT_EQ(ContextDocument(text).text(), text);
  }
  // A heading within a code block is none.
  EXPECT_EQ(withFact("```\n## Key Decisions\n```\n", {EntryType::decision, "X", true}),
            "```\n## Key Decisions\n```\n\n## Key Decisions\n\n- X\n");
}

TEST(ContextDocument, WritesRecentChangesAnew) {
  ContextDocument document("# T\n\n## Recent Changes\n\n### 2000-01-01\n\n- [bug] Old\n");
  document.put({EntryType::pattern, "P", true});
  document.setRecent({{EntryType::bug, "Two\nlines", mortise::timeOf(1'767'322'800'000'000)},
                      {EntryType::decision, "One", mortise::timeOf(1'767'322'700'000'000)},
                      {EntryType::decision, "Zero", mortise::timeOf(1'767'222'700'000'000)}});
  EXPECT_EQ(document.text(),
            "# T\n\n## Patterns & Conventions\n\n- P\n\n## Recent Changes\n\n### 2026-01-02\n\n- [bug] Two lines\n"
            "- [decision] One\n\n### 2025-12-31\n\n- [decision] Zero\n");
}

TEST(ContextDocument, DropsTheLastBulletsOfTheLongestSections) {
  std::string text = "# T\n\n## A\n\n";
  for (int i = 0; i < 10; ++i) text += "- a word " + std::to_string(i) + "\n";
  text += "\n## B\n\n";
  for (int i = 0; i < 4; ++i) text += "- b " + std::to_string(i) + "\n";
  ContextDocument document(text);
  EXPECT_EQ(document.words(), countWords(text));
  document.trim(40);
  EXPECT_LE(countWords(document.text()), 40);
  EXPECT_NE(document.text().find("- a word 2\n"), std::string::npos);
  EXPECT_EQ(document.text().find("- a word 9\n"), std::string::npos);
  EXPECT_NE(document.text().find("- b 3\n"), std::string::npos);
  document.trim(0);
  EXPECT_EQ(document.text(), "# T\n\n## A\n\n- a word 0\n- a word 1\n- a word 2\n\n## B\n\n- b 0\n- b 1\n- b 2\n");
}

TEST(ContextDocument, NamesSections) {
  EXPECT_EQ(sectionSlug("Patterns & Conventions"), "patterns_conventions");
  EXPECT_EQ(sectionSlug(" API -- v2! "), "api_v2");
  const auto sections = ContextDocument("x\n## A b\n\none\n\n## A-B\ntwo\n").sections();
  ASSERT_EQ(sections.size(), 1U);
  EXPECT_EQ(sections[0].slug, "a_b");
  EXPECT_EQ(sections[0].title, "A b");
  EXPECT_EQ(sections[0].content, "one");
}

}  // namespace
}  // namespace projects
