// Pages that are made of knowledge, without a model and out of a model's answer.
#include "wiki/page_article.hpp"

#include <gtest/gtest.h>

namespace projects {
namespace {

Entry entry(EntryType type, std::string content) {
  Entry out;
  out.type = type;
  out.content = std::move(content);
  return out;
}

const std::vector<Entry> kEntries = {entry(EntryType::decision, "Use PostgreSQL for\n  storage"),
                                     entry(EntryType::bug, "The cache expires too early"),
                                     entry(EntryType::decision, "Deploy on Fridays never")};

TEST(PageArticle, IsTitleSentenceAndFacts) {
  EXPECT_EQ(articleOf("Key Decisions", kEntries),
            "# Key Decisions\n\nWhat the project knows about Key Decisions: 1 bug, 2 decision.\n\n"
            "- **[decision]** Use PostgreSQL for storage\n- **[bug]** The cache expires too early\n"
            "- **[decision]** Deploy on Fridays never\n");
  EXPECT_EQ(articleOf("Nothing", {}), "# Nothing\n\nWhat the project knows about Nothing: nothing yet.\n");
  EXPECT_EQ(articleOf("Key Decisions", kEntries), articleOf("Key Decisions", kEntries));
}

TEST(PageArticle, LongWordsOfATitleFindEntries) {
  EXPECT_EQ(titleWords("The Cache of the cache (Redis-7)"), (std::vector<std::string>{"cache", "redis"}));
  EXPECT_EQ(titleWords("API"), std::vector<std::string>());
}

TEST(PageArticle, TakesAnAnswerThatTellsTheFacts) {
  const auto page = articleOfAnswer(
      "Key Decisions", kEntries,
      "```markdown\n# Key Decisions\n\n## Storage\nWe use PostgreSQL for storage. The cache expires too early.\n```\n");
  ASSERT_TRUE(page);
  EXPECT_EQ(*page,
            "# Key Decisions\n\n## Storage\nWe use PostgreSQL for storage. The cache expires too early.\n\n"
            "## Further facts\n\n- **[decision]** Deploy on Fridays never\n");
  const auto without = articleOfAnswer("Key", {kEntries[1]}, "The cache expires too early.");
  EXPECT_EQ(without, "# Key\n\nThe cache expires too early.\n") << "the title is added";
}

TEST(PageArticle, RefusesAnyOther) {
  for (const auto& answer :
       {std::string(), std::string(" \n"), std::string("```\n```"), std::string("I can't do that."),
        std::string("Use PostgreSQL for storage"), std::string("a\0b", 3), std::string(300'000, 'x')})
    EXPECT_FALSE(articleOfAnswer("Key Decisions", kEntries, answer)) << answer.substr(0, 40);
}

TEST(PageArticle, AQuestionIsBounded) {
  const std::vector<Entry> many(200, entry(EntryType::bug, std::string(10'000, 'x')));
  EXPECT_LT(articleQuestion("T", many).size(), 120'000U);
}

}  // namespace
}  // namespace projects
