#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "outside/outside_url.hpp"
#include "outside/tokens.hpp"
#include "webhooks/comment_text.hpp"

namespace session_sharing {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(OutsideUrls, AreAbsoluteAndPlain) {
  const auto url = outsideUrl("https://LLM.Example/v1//");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->text, "https://LLM.Example/v1");
  EXPECT_EQ(url->origin, "https://llm.example:443");
  EXPECT_TRUE(url->isHttps);
  EXPECT_EQ(outsideUrl("http://127.0.0.1:8080")->origin, "http://127.0.0.1:8080");
  for (const auto* odd : {"", "llm.example", "//llm.example", "ftp://a", "file:///etc/passwd", "https://",
                          "https://a b", "https://user@a", "https://user:p@a/", "https://a/?x=1", "https://a/#x",
                          "https://a\\b", "https://a\r\nX: y", "javascript:alert(1)"})
    EXPECT_FALSE(outsideUrl(odd)) << odd;
  EXPECT_FALSE(outsideUrl("https://a/" + std::string(500, 'x')));
}

TEST(Tokens, AreRandomOrSigned) {
  EXPECT_EQ(randomHex(16).size(), 32U);
  EXPECT_NE(randomHex(16), randomHex(16));
  EXPECT_THROW(signedToken("{}", "no key"), std::runtime_error);
}

TEST(CommentTexts, NameSessionsAndTheirTrust) {
  const std::vector<BranchSession> sessions = {{"ses_1", "Fix the parser", "claude-code", 12},
                                               {"ses_2", "Docs", "codex", 1}};
  const auto text = commentText(sessions, {{"ses_1", 875}}, {true, "https://app.example/s/{id}"}, "<!-- m -->");
  EXPECT_THAT(
      text,
      HasSubstr("- [`Fix the parser`](https://app.example/s/ses_1) (`claude-code`, 12 messages), trust score 88 %\n"));
  EXPECT_THAT(text, HasSubstr("- [`Docs`](https://app.example/s/ses_2) (`codex`, 1 message), not audited\n"));
  EXPECT_THAT(text, HasSubstr("<!-- m -->"));
  const auto plain = commentText(sessions, {{"ses_1", 875}}, {false, {}}, "<!-- m -->");
  EXPECT_THAT(plain, HasSubstr("- `Fix the parser` (`claude-code`, 12 messages)\n"));
  EXPECT_THAT(plain, Not(HasSubstr("trust")));
}

TEST(CommentTexts, LetNoTitleOutOfItsSpan) {
  const auto text =
      commentText({{"ses_1", "a`](http://evil) @everyone\n# x | `", "t`", 2}}, {}, {false, {}}, "<!-- m -->");
  EXPECT_THAT(text, HasSubstr("- `a'](http://evil) @everyone # x   '` (`t'`, 2 messages)\n"));
  EXPECT_EQ(commentMarker("ada"), commentMarker("ada"));
  EXPECT_NE(commentMarker("ada"), commentMarker("bob"));
}

}  // namespace
}  // namespace session_sharing
