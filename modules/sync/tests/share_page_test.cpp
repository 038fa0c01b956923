#include "sharing/share_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace session_sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = ReadableBlock::Kind;

constexpr const char* kEvil = "</main><script>alert('x')</script>\"";
constexpr const char* kEscaped = "&lt;/main&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;";

TEST(SharePage, EscapesEverythingOfTheSession) {
  SharePage page;
  page.title = page.tool = page.owner = kEvil;
  page.messages = {
      {kEvil, kEvil, {{Kind::text, "", kEvil}, {Kind::toolCall, kEvil, kEvil}, {Kind::toolResult, "", kEvil}}}};
  page.downloadUrl = page.previousUrl = page.nextUrl = std::string("?x=") + kEvil;
  for (const char* language : {"en", "zh-CN"}) {
    const auto html = sharePage(language, page);
    EXPECT_THAT(html, HasSubstr(kEscaped));
    EXPECT_THAT(html, Not(HasSubstr("<script>")));
    EXPECT_THAT(html, Not(HasSubstr("?x=</main>")));
  }
}

TEST(SharePage, ShowsMessagesAndWaysOn) {
  SharePage page;
  page.title = "Fix the clock";
  page.tool = "claude-code";
  page.createdAt = "2026-02-24 09:30 UTC";
  page.messageCount = 1;
  page.messages = {{"user", "", {{Kind::text, "", "Please"}}}};
  page.downloadUrl = "?download=true";
  page.nextUrl = "?page=2";
  const auto html = sharePage("en", page);
  EXPECT_THAT(html, HasSubstr("<title>Fix the clock</title>"));
  EXPECT_THAT(html, HasSubstr("claude-code · 2026-02-24 09:30 UTC · 1 message<"));
  EXPECT_THAT(html, HasSubstr("<h2>User</h2>\n<p>Please</p>"));
  EXPECT_THAT(html, HasSubstr("href=\"?download=true\""));
  EXPECT_THAT(html, HasSubstr("href=\"?page=2\">Later messages"));
  EXPECT_THAT(html, Not(HasSubstr("Earlier messages")));
  EXPECT_THAT(sharePage("zh-CN", page), HasSubstr("<html lang=\"zh-CN\">"));
  EXPECT_THAT(sharePage("zh-CN", page), HasSubstr("之后的消息"));
}

TEST(SharePage, SaysWhyItShowsNoMessages) {
  SharePage page;
  page.hasSecrets = true;
  EXPECT_THAT(sharePage("en", page), HasSubstr("Untitled session"));
  EXPECT_THAT(sharePage("en", page), HasSubstr("seem to hold passwords"));
}

TEST(SharePage, AsksForThePasswordByAPostToItself) {
  EXPECT_THAT(passwordPage("en", false), HasSubstr("<form method=\"post\">"));
  EXPECT_THAT(passwordPage("en", false), Not(HasSubstr("This is not the password")));
  EXPECT_THAT(passwordPage("en", true), HasSubstr("role=\"alert\">This is not the password."));
  EXPECT_THAT(passwordPage("zh", true), HasSubstr("密码不正确"));
}

TEST(SharePage, TellsHowALinkIsDead) {
  EXPECT_THAT(deadLinkPage("en", DeadLink::unknown), HasSubstr("Link not found"));
  EXPECT_THAT(deadLinkPage("en", DeadLink::ended), HasSubstr("The link has ended"));
  EXPECT_THAT(deadLinkPage("zh-CN", DeadLink::tooManyGuesses), HasSubstr("尝试次数过多"));
}

}  // namespace
}  // namespace session_sharing
