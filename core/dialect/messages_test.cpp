#include "core/dialect/messages.hpp"

#include <gtest/gtest.h>

namespace mortise::dialect {
namespace {

Messages kernel() {
  Messages messages;
  addKernelMessages(messages);
  return messages;
}

TEST(Messages, PrefersTheFamilysTextThenTheCodes) {
  const auto messages = kernel();
  EXPECT_EQ(messages.text("problem", "rate_limited", "zh-CN"), "请求过于频繁");
  EXPECT_EQ(messages.text("code_msg", "rate_limited", "zh-CN"), "请求过多，请稍后重试");
  EXPECT_EQ(messages.text("unified", "rate_limited", "zh-CN"), "请求过于频繁,请稍后再试");
  EXPECT_EQ(messages.text("sessionfs", "rate_limited", "en"), "Rate limit exceeded");
  EXPECT_EQ(messages.text("sessionfs", "rate_limited", "zh-CN"), "请求过于频繁");
}

TEST(Messages, FallsBackToARelatedLanguageThenEnglishThenTheCode) {
  const auto messages = kernel();
  EXPECT_EQ(messages.text("problem", "forbidden", "zh"), "无权限访问");
  EXPECT_EQ(messages.text("problem", "forbidden", "fr"), "Access denied");
  EXPECT_EQ(messages.text("problem", "no_such_code", "zh-CN"), "no_such_code");
}

TEST(Messages, FillsPlaceholdersAndKeepsUnknownOnes) {
  Messages messages;
  messages.add("m", "en", "a", "{x} of {y}, {z");
  EXPECT_EQ(messages.text("problem", "a", "en", {{"x", "{y}"}}), "{y} of {y}, {z");
  EXPECT_EQ(messages.text("problem", "a", "en", {{"x", "1"}, {"y", "2"}}), "1 of 2, {z");
}

TEST(Messages, KeepsEachCodeWithItsOwner) {
  auto messages = kernel();
  EXPECT_FALSE(messages.add("m", "en", "not_found", "mine"));
  EXPECT_TRUE(messages.add("m", "en", "m_code", "one"));
  EXPECT_TRUE(messages.add("m", "zh-CN", "m_code", "一"));
  EXPECT_TRUE(messages.add("m", "en", "m_code", "two"));
  EXPECT_FALSE(messages.add("n", "en", "m_code", "three"));
  EXPECT_EQ(messages.text("problem", "m_code", "en"), "two");
  EXPECT_EQ(messages.text("problem", "not_found", "en"), "Not found");
  EXPECT_TRUE(messages.has("m_code"));
  EXPECT_FALSE(messages.has("other"));
}

TEST(Messages, ChoosesByAcceptLanguage) {
  const auto messages = kernel();
  const auto choose = [&](std::string_view header) { return std::string(messages.choose(header, "zh-CN")); };
  EXPECT_EQ(choose(""), "zh-CN");
  EXPECT_EQ(choose("en"), "en");
  EXPECT_EQ(choose("EN-gb"), "en");
  EXPECT_EQ(choose("en-US,en;q=0.9,zh-CN;q=0.8"), "en");
  EXPECT_EQ(choose("zh-CN,zh;q=0.9,en;q=0.8"), "zh-CN");
  EXPECT_EQ(choose("zh"), "zh-CN");
  EXPECT_EQ(choose("fr, de;q=0.9"), "zh-CN");
  EXPECT_EQ(choose("fr, en;q=0.1"), "en");
  EXPECT_EQ(choose("en;q=0, *;q=0.5"), "zh-CN");
  EXPECT_EQ(choose("en;q=0"), "zh-CN");
  EXPECT_EQ(choose("en;q=nan, zh;q=2, ;;,,q"), "zh-CN");
  EXPECT_EQ(choose("zh;q=0.2,en;q=0.3"), "en");
  EXPECT_EQ(choose("e"), "zh-CN");
  EXPECT_EQ(messages.choose("en", "fr"), "en");
}

// The rules of core/contract/schema.hpp, and those of the code that reads requests.
TEST(Messages, HasATextInBothLanguagesForEveryRuleAndKernelCode) {
  const auto messages = kernel();
  for (const auto* rule : {"missing",
                           "null_forbidden",
                           "string_type",
                           "int_type",
                           "float_type",
                           "bool_type",
                           "list_type",
                           "object_type",
                           "string_too_short",
                           "string_too_long",
                           "string_pattern_mismatch",
                           "greater_than_equal",
                           "less_than_equal",
                           "greater_than",
                           "less_than",
                           "multiple_of",
                           "too_short",
                           "too_long",
                           "not_unique",
                           "literal_error",
                           "extra_forbidden",
                           "one_of",
                           "too_complex",
                           "email",
                           "uuid",
                           "uri",
                           "date_time",
                           "date",
                           "nul_character",
                           "surrogate",
                           "int_parsing",
                           "float_parsing",
                           "bool_parsing",
                           "json_invalid",
                           "unknown_field",
                           "repeated"}) {
    const auto key = std::string("validation.") + rule;
    EXPECT_NE(messages.text("", key, "en"), key);
    EXPECT_NE(messages.text("", key, "zh-CN"), messages.text("", key, "en")) << rule;
  }
  for (const auto* code : {"not_authenticated",
                           "token_expired",
                           "invalid_token",
                           "forbidden",
                           "not_found",
                           "method_not_allowed",
                           "validation_failed",
                           "rate_limited",
                           "conflict",
                           "payload_too_large",
                           "uri_too_long",
                           "headers_too_large",
                           "unsupported_media_type",
                           "timeout",
                           "unavailable",
                           "internal",
                           "storage_full",
                           "length_required",
                           "bad_request",
                           "not_implemented",
                           "csrf_missing",
                           "csrf_invalid",
                           "account_disabled",
                           "permission_required",
                           "insufficient_scope",
                           "service_key_not_allowed",
                           "service_key_rests",
                           "api_key_revoked",
                           "api_key_expired"}) {
    EXPECT_NE(messages.text("", code, "en"), code);
    EXPECT_NE(messages.text("", code, "zh-CN"), messages.text("", code, "en")) << code;
  }
}

}  // namespace
}  // namespace mortise::dialect
