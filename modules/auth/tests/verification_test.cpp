#include <gtest/gtest.h>

#include "keys/verification_claim.hpp"
#include "keys/verification_text.hpp"

namespace auth {
namespace {

TEST(VerificationClaim, ReadsWhatItWrote) {
  const auto read = VerificationClaim::parse(VerificationClaim{1234567890123456, "u-1", "a@x.org"}.text());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->expiresAt, 1234567890123456);
  EXPECT_EQ(read->userId, "u-1");
  EXPECT_EQ(read->email, "a@x.org");
}

TEST(VerificationClaim, ReadsNothingElse) {
  for (const char* text : {"", "1", "1\nu", "1\nu\n", "1\n\na@x.org", "x\nu\na@x.org", "1x\nu\na@x.org", "\nu\na@x.org",
                           " 1\nu\na@x.org", "99999999999999999999\nu\na@x.org", "1\nu\na@x.org\nmore"})
    EXPECT_FALSE(VerificationClaim::parse(text)) << text;
}

TEST(VerificationMail, HasTheLinkAloneOnALineAndWarnsWhoeverDidNotAsk) {
  const std::string link = "https://a.example/api/v1/auth/verify?token=v1.x_-";
  const auto english = verificationMail("en", link, 24, 7);
  EXPECT_NE(english.text.find("\n" + link + "\n"), std::string::npos);
  EXPECT_NE(english.text.find("for 24 hours."), std::string::npos);
  EXPECT_NE(english.text.find("If it was not you, do not confirm"), std::string::npos);
  EXPECT_NE(verificationMail("en", link, 1, 7).text.find("for one hour."), std::string::npos);
  const auto chinese = verificationMail("zh-CN", link, 24, 7);
  EXPECT_EQ(chinese.subject, "请验证您的邮箱");
  EXPECT_NE(chinese.text.find("\n" + link + "\n"), std::string::npos);
  EXPECT_NE(chinese.text.find("24 小时"), std::string::npos);
}

TEST(VerificationMail, SaysWhenTheAccountGoesIfItDoes) {
  EXPECT_NE(verificationMail("en", "https://a.example", 24, 7).text.find("deleted after 7 days."), std::string::npos);
  EXPECT_NE(verificationMail("en", "https://a.example", 24, 1).text.find("deleted after one day."), std::string::npos);
  EXPECT_EQ(verificationMail("en", "https://a.example", 24, 0).text.find("deleted"), std::string::npos);
  EXPECT_NE(verificationMail("zh", "https://a.example", 24, 7).text.find("7 天后删除"), std::string::npos);
  EXPECT_EQ(verificationMail("zh", "https://a.example", 24, 0).text.find("删除"), std::string::npos);
}

TEST(ConfirmationPage, ShowsTheAccountAndOneFormThatPostsToItself) {
  for (const char* language : {"en", "zh-CN"}) {
    const auto page = confirmationPage(language, "<a&b>\"'@x.org", "<script>", "2026-02-24 09:30 UTC");
    EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U);
    EXPECT_NE(page.find("<dd>&lt;a&amp;b&gt;&quot;&#39;@x.org</dd>"), std::string::npos) << page;
    EXPECT_NE(page.find("<dd>&lt;script&gt;</dd>"), std::string::npos);
    EXPECT_NE(page.find("<dd>2026-02-24 09:30 UTC</dd>"), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_EQ(page.find("<form"), page.rfind("<form"));
    EXPECT_NE(page.find("<form method=\"post\">"), std::string::npos);
    EXPECT_EQ(page.find("http"), std::string::npos) << "nothing of another site";
  }
  EXPECT_EQ(confirmationPage("en", "a@x.org", "", "now").find("User name"), std::string::npos);
}

TEST(VerificationPage, SaysWhatHappenedInBothLanguages) {
  const auto says = [](const char* language, Verification outcome, const char* words) {
    const auto page = verificationPage(language, outcome);
    EXPECT_NE(page.find("<h1>" + std::string(words) + "</h1>"), std::string::npos) << page;
    EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U);
  };
  says("en", Verification::verified, "E-mail address verified");
  says("en", Verification::invalid, "Link not valid");
  says("en", Verification::accountGone, "Account not found");
  says("zh-CN", Verification::verified, "邮箱已验证");
  says("zh-CN", Verification::invalid, "链接无效");
  says("zh-CN", Verification::accountGone, "账号不存在");
}

TEST(SignupMessage, TellsOfAMailOnlyWhenOneWent) {
  EXPECT_NE(signupMessage("en", true).find("mail"), std::string::npos);
  EXPECT_EQ(signupMessage("en", false).find("mail"), std::string::npos);
  EXPECT_NE(signupMessage("zh", true), signupMessage("zh", false));
}

}  // namespace
}  // namespace auth
