#include <mortise/mail_text.hpp>

#include <gtest/gtest.h>

namespace mortise {
namespace {

using Kind = MailParagraph::Kind;

TEST(MailText, KeepsTheTextPlainAndEscapesTheHtml) {
  const auto mail = composeMail("Tom & Jerry's", "en", {{Kind::words, "<b> \"now\""}, {Kind::code, "12"}});
  EXPECT_EQ(mail.subject, "Tom & Jerry's");
  EXPECT_EQ(mail.text, "<b> \"now\"\n\n12\n");
  EXPECT_NE(mail.html.find("<title>Tom &amp; Jerry&#39;s</title>"), std::string::npos);
  EXPECT_NE(mail.html.find("<p>&lt;b&gt; &quot;now&quot;</p>"), std::string::npos);
  EXPECT_NE(mail.html.find("<strong>12</strong>"), std::string::npos);
}

TEST(MailText, ALinkCannotLeaveItsAttribute) {
  const auto mail = composeMail("s", "zh-CN", {{Kind::link, "https://a.example/?a=1&b=\"><script>"}});
  EXPECT_NE(mail.html.find("<a href=\"https://a.example/?a=1&amp;b=&quot;&gt;&lt;script&gt;\">"), std::string::npos);
  EXPECT_NE(mail.html.find("<html lang=\"zh-CN\">"), std::string::npos);
}

TEST(MailText, KnowsChinese) {
  EXPECT_TRUE(isChinese("zh"));
  EXPECT_TRUE(isChinese("zh-CN"));
  EXPECT_FALSE(isChinese("en"));
  EXPECT_FALSE(isChinese(""));
}

}  // namespace
}  // namespace mortise
