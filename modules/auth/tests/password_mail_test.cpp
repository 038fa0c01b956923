#include "browser/password_mail.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

TEST(PasswordMail, SaysHowManyKeysThereAreAndWhatBecameOfThem) {
  const auto says = [](const char* language, long long keys, bool ended, const char* words) {
    EXPECT_NE(passwordChangedMail(language, keys, ended).text.find(words), std::string::npos) << words;
  };
  says("en", 0, false, "has no API keys");
  says("en", 0, true, "has no API keys");
  says("en", 1, false, "Its one API key still works.");
  says("en", 2, false, "Its 2 API keys still work.");
  says("en", 1, true, "Its one API key was ended with it.");
  says("en", 100, true, "Its 100 API keys were ended with it.");
  says("zh-CN", 0, false, "没有 API 密钥");
  says("zh-CN", 2, false, "2 个 API 密钥仍然有效");
  says("zh", 2, true, "2 个 API 密钥已同时失效");
  EXPECT_EQ(passwordChangedMail("en", 1, false).subject, "Your password was changed");
  EXPECT_EQ(passwordChangedMail("zh-CN", 1, false).subject, "您的密码已修改");
}

}  // namespace
}  // namespace auth
