#include "handoffs/handoff_mail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace session_sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(HandoffMail, SaysWhatComesFromWhom) {
  const auto mail =
      handoffMail("en", {"ada@example.com", "Fix the clock", "hnd_0123456789abcdef", "https://a.example/x", 7});
  EXPECT_EQ(mail.subject, "A session is handed over to you");
  EXPECT_THAT(mail.text,
              HasSubstr("ada@example.com hands a session with a coding agent over to you: \"Fix the clock\"."));
  EXPECT_THAT(mail.text, HasSubstr("\nhttps://a.example/x\n"));
  EXPECT_THAT(mail.text, HasSubstr("\nsfs pull-handoff hnd_0123456789abcdef\n"));
  EXPECT_THAT(mail.text, HasSubstr("It waits for 7 days."));
  EXPECT_THAT(mail.html, HasSubstr("<a href=\"https://a.example/x\">"));
}

TEST(HandoffMail, ComesInChinese) {
  const auto mail = handoffMail("zh-CN", {"ada@example.com", "时钟", "hnd_1", "", 1});
  EXPECT_EQ(mail.subject, "有会话移交给您");
  EXPECT_THAT(mail.text, HasSubstr("ada@example.com 向您移交了一个编程代理会话“时钟”。"));
  EXPECT_THAT(mail.text, HasSubstr("请在 1 天内领取。"));
  EXPECT_THAT(mail.text, Not(HasSubstr("预览")));
}

TEST(HandoffMail, DoesWithoutNames) {
  const auto mail = handoffMail("en", {"", "", "hnd_1", "", 1});
  EXPECT_THAT(mail.text, HasSubstr("Somebody hands a session with a coding agent over to you.\n"));
  EXPECT_THAT(mail.text, HasSubstr("It waits for one day."));
}

TEST(HandoffPreviewPage, EscapesEverything) {
  Handoff handoff;
  handoff.id = "hnd_1";
  handoff.senderEmail = "<b>@example.com";
  handoff.sessionTitle = "<i>";
  handoff.message = "<u>";
  const auto page = handoffPreviewPage("en", handoff, {{"user", "", {{ReadableBlock::Kind::text, "", "<s>"}}}});
  for (const char* tag : {"<b>", "<i>", "<u>", "<s>"}) EXPECT_THAT(page, Not(HasSubstr(tag)));
  EXPECT_THAT(page, HasSubstr("sfs pull-handoff hnd_1"));
}

}  // namespace
}  // namespace session_sharing
