#include "../wechat/wechat_answer.hpp"

#include <gtest/gtest.h>

namespace auth {
namespace {

std::int64_t refusalOf(const std::variant<WeChatGrant, WeChatRefusal>& answer) {
  const auto* refusal = std::get_if<WeChatRefusal>(&answer);
  return refusal == nullptr ? -1 : refusal->code;
}

TEST(WeChatAnswer, AGrantTellsWhoItIs) {
  const auto answer = readGrant(
      R"({"access_token":"AT","expires_in":7200,"refresh_token":"RT","openid":"OPENID","scope":"snsapi_userinfo","unionid":"U"})");
  const auto& grant = std::get<WeChatGrant>(answer);
  EXPECT_EQ(grant.accessToken, "AT");
  EXPECT_EQ(grant.openid, "OPENID");
  EXPECT_EQ(grant.unionId, "U");
  EXPECT_TRUE(grant.mayReadProfile);
  EXPECT_FALSE(
      std::get<WeChatGrant>(readGrant(R"({"access_token":"AT","openid":"O","scope":"snsapi_base"})")).mayReadProfile);
  EXPECT_EQ(refusalOf(readGrant(R"({"errcode":0,"access_token":"AT","openid":"O"})")), -1);
}

TEST(WeChatAnswer, AnErrorKeepsItsNumber) {
  EXPECT_EQ(refusalOf(readGrant(R"({"errcode":40029,"errmsg":"invalid code, hints: [ req_id: x ]"})")), 40029);
  EXPECT_EQ(refusalOf(readGrant(R"({"errcode":"40029"})")), 0);
}

TEST(WeChatAnswer, WhatIsNoPromisedAnswerIsRefused) {
  for (const auto* body : {"", "garbage", "[]", "null", "{", "{}", R"({"access_token":"AT"})", R"({"openid":"O"})",
                           R"({"access_token":5,"openid":"O"})", R"({"access_token":"AT","openid":"a\nb"})",
                           "{\"access_token\":\"AT\",\"openid\":\"\xff\"}"}) {
    EXPECT_EQ(refusalOf(readGrant(body)), 0) << body;
  }
  EXPECT_EQ(refusalOf(readGrant(R"({"access_token":"AT","openid":")" + std::string(129, 'x') + "\"}")), 0);
  EXPECT_EQ(refusalOf(readGrant(std::string(60000, '['))), 0) << "deep nesting costs no stack";
}

TEST(WeChatAnswer, AProfileIsCutToWhatAnAccountTakes) {
  std::string longName;
  for (int i = 0; i < 70; ++i) longName += "微";
  const auto read = [](const std::string& members) {
    return std::get<WeChatProfile>(readProfile(R"({"openid":"O",)" + members + "}"));
  };
  EXPECT_EQ(read(R"("nickname":"Ada","headimgurl":"https://thirdwx.qlogo.cn/1","unionid":"U")").nickname, "Ada");
  EXPECT_EQ(read(R"("headimgurl":"https://thirdwx.qlogo.cn/1")").avatar, "https://thirdwx.qlogo.cn/1");
  EXPECT_EQ(read(R"("nickname":")" + longName + "\"").nickname, longName.substr(0, std::size_t{64} * 3));
  EXPECT_EQ(read(R"("nickname":"a\nb")").nickname, "");
  EXPECT_EQ(read(R"x("headimgurl":"javascript:alert(1)")x").avatar, "");
  EXPECT_EQ(read(R"("headimgurl":"https://x.org/)" + std::string(512, 'x') + "\"").avatar, "");
  EXPECT_EQ(std::get<WeChatRefusal>(readProfile(R"({"errcode":48001,"errmsg":"api unauthorized"})")).code, 48001);
  EXPECT_EQ(std::get<WeChatRefusal>(readProfile(R"({"nickname":"Ada"})")).code, 0);
}

}  // namespace
}  // namespace auth
