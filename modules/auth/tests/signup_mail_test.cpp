#include "../signup_mail.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <sstream>

namespace auth {
namespace {

int linesOfSixDigits(const std::string& text) {
  std::istringstream lines(text);
  int found = 0;
  for (std::string line; std::getline(lines, line);) found += std::regex_match(line, std::regex("[0-9]{6}"));
  return found;
}

TEST(CodeMail, HasTheCodeAloneOnOneLineOnceInBothLanguages) {
  for (const char* language : {"en", "zh-CN", "fr", ""}) {
    const auto mail = codeMail(language, "004217", "ada_l", 10, "https://a.example/x?email=a%40example.com");
    EXPECT_EQ(linesOfSixDigits(mail.text), 1) << mail.text;
    EXPECT_NE(mail.text.find("\n004217\n"), std::string::npos);
    EXPECT_EQ(mail.text.find("004217"), mail.text.rfind("004217"));
    EXPECT_NE(mail.html.find("004217"), std::string::npos);
    EXPECT_EQ(mail.subject.find("004217"), std::string::npos);
    EXPECT_NE(mail.text.find("https://a.example/x?email=a%40example.com"), std::string::npos);
  }
}

TEST(CodeMail, SpeaksTheLanguageOfTheRequest) {
  EXPECT_EQ(codeMail("en", "1", "ada_l", 1, "").subject, "Your sign-up code");
  EXPECT_EQ(codeMail("zh-CN", "1", "ada_l", 1, "").subject, "您的注册验证码");
  EXPECT_NE(codeMail("en", "1", "ada_l", 1, "").text.find("for one minute."), std::string::npos);
}

TEST(CodeMail, NamesTheUserNameAndSaysThatSomebodyElseMayHaveAsked) {
  const auto english = codeMail("en", "1", "ada_l", 1, ""), chinese = codeMail("zh-CN", "1", "ada_l", 1, "");
  for (const auto& mail : {english, chinese}) {
    EXPECT_NE(mail.text.find("ada_l"), std::string::npos);
    EXPECT_NE(mail.html.find("ada_l"), std::string::npos);
    EXPECT_EQ(mail.subject.find("ada_l"), std::string::npos);
  }
  EXPECT_NE(english.text.find("Somebody else may have asked"), std::string::npos);
  EXPECT_NE(chinese.text.find("其他人也可能"), std::string::npos);
  EXPECT_EQ(linesOfSixDigits(codeMail("en", "004217", "123456", 10, "").text), 1) << "a name of six digits is no code";
  EXPECT_EQ(linesOfSixDigits(codeMail("zh", "004217", "123456", 10, "").text), 1);
}

TEST(CodeMail, EscapesTheLinkInItsHtmlPart) {
  const auto mail = codeMail("en", "123456", "ada_l", 10, "https://a.example/?a=1&b='%22>");
  EXPECT_NE(mail.html.find("https://a.example/?a=1&amp;b=&#39;%22&gt;"), std::string::npos);
  EXPECT_EQ(mail.html.find("b='"), std::string::npos);
}

TEST(AccountExistsMail, HoldsNoCode) {
  for (const char* language : {"en", "zh-CN"}) {
    const auto mail = accountExistsMail(language, "a@example.com", "https://a.example");
    EXPECT_EQ(linesOfSixDigits(mail.text), 0);
    EXPECT_NE(mail.text.find("a@example.com"), std::string::npos);
    EXPECT_FALSE(mail.subject.empty());
  }
}

}  // namespace
}  // namespace auth
