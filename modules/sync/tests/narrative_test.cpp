#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "narratives/excerpt.hpp"
#include "narratives/story.hpp"

namespace session_sharing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Excerpts, HoldWhatIsShort) {
  Excerpt excerpt;
  EXPECT_EQ(excerpt.text(), "");
  excerpt.take({0, "user", "Fix it", {}, {}});
  excerpt.take({1, "assistant", "", {{"t", "Bash", "make"}}, {}});
  excerpt.take({2, "user", "", {}, {{"t", "ok", false, 0}, {"u", "no", true, {}}}});
  EXPECT_EQ(excerpt.text(), "user: Fix it\ntool call Bash: make\ntool result: ok\ntool error: no\n");
}

TEST(Excerpts, KeepTheBeginningAndTheEnd) {
  Excerpt excerpt;
  for (int i = 0; i < 1000; ++i) excerpt.take({i, "user", std::to_string(i) + " " + std::string(400, 'x'), {}, {}});
  const auto text = excerpt.text();
  EXPECT_LT(text.size(), 61000U);
  EXPECT_THAT(text, HasSubstr("user: 0 "));
  EXPECT_THAT(text, HasSubstr("[…]"));
  EXPECT_THAT(text, HasSubstr("user: 999 "));
  EXPECT_THAT(text, Not(HasSubstr("user: 500 ")));
}

TEST(Stories, AreReadFromAnObjectPerhapsInAFence) {
  const std::string object = R"({"what_happened":"A","key_decisions":["B",7,""],"outcome":"C","open_issues":[]})";
  for (const auto& text : {object, "```json\n" + object + "\n```", "So:\n" + object}) {
    const auto story = narrativeOf(text);
    ASSERT_TRUE(story) << text;
    EXPECT_EQ(story->whatHappened, "A");
    EXPECT_THAT(*story->keyDecisions, ElementsAre("B"));
    EXPECT_EQ(story->outcome, "C");
    EXPECT_TRUE(story->openIssues->empty());
  }
  EXPECT_EQ(narrativeOf(R"({"what_happened":")" + std::string(9000, 'x') + "\"}")->whatHappened->size(), 4000U);
  for (const auto* text : {"", "no", "{", "{}", "[]", R"({"what_happened":7})", R"({"what_happened":""})", "}{"})
    EXPECT_FALSE(narrativeOf(text)) << text;
}

}  // namespace
}  // namespace session_sharing
