#include "core/contract/pattern.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace mortise::contract {
namespace {

bool matches(std::string_view pattern, std::string_view text) { return Pattern(pattern).matches(text); }

std::string refusal(std::string_view pattern) {
  try {
    const Pattern compiled(pattern);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Pattern, FindsAnywhereUnlessAnchored) {
  EXPECT_TRUE(matches("b+", "abbc"));
  EXPECT_FALSE(matches("^b+$", "abbc"));
  EXPECT_TRUE(matches("^abbc$", "abbc"));
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("^$", ""));
  EXPECT_FALSE(matches("^$", "a"));
  EXPECT_TRUE(matches("^a|b$", "ax"));
  EXPECT_TRUE(matches("^a|b$", "xb"));
  EXPECT_FALSE(matches("^a|b$", "xax"));
}

TEST(Pattern, ServesTheFormsContractsUse) {
  EXPECT_TRUE(matches("^[0-9]{6}$", "012345"));
  EXPECT_FALSE(matches("^[0-9]{6}$", "0123456"));
  EXPECT_TRUE(matches("^[a-zA-Z0-9][a-zA-Z0-9_-]{2,99}$", "a-b_c"));
  EXPECT_FALSE(matches("^[a-zA-Z0-9][a-zA-Z0-9_-]{2,99}$", "-ab"));
  EXPECT_TRUE(matches("^ses_[a-z0-9]{8,40}$", "ses_0123456789abcdef"));
  EXPECT_TRUE(matches("^(?:GET|POST) /[\\w./-]*$", "POST /a/b.c-d"));
  EXPECT_TRUE(matches("^\\d+(\\.\\d+)?$", "1.50"));
  EXPECT_FALSE(matches("^\\d+(\\.\\d+)?$", "1."));
  EXPECT_TRUE(matches("\\bfoo\\b", "a foo b"));
  EXPECT_FALSE(matches("\\bfoo\\b", "afoob"));
  EXPECT_TRUE(matches("^[^\\s@]+@[^\\s@]+$", "a@b"));
  EXPECT_TRUE(matches("^a{2,}$", "aaaa"));
  EXPECT_FALSE(matches("^a{2,}$", "a"));
  EXPECT_TRUE(matches("^(a|b|cd)*$", "abcdcda"));
  EXPECT_FALSE(matches("^(a|b|cd)*$", "abc"));
  EXPECT_TRUE(matches("^((a|b){2}c)+$", "abcbac"));
  EXPECT_TRUE(matches("^[\\u4e00-\\u9fff]{2}$", "未认"));
  EXPECT_FALSE(matches("^.$", "\n"));
  EXPECT_TRUE(matches("^.$", "😀"));
  EXPECT_TRUE(matches("^[a-]$", "-"));
  EXPECT_TRUE(matches("^[\\w-]+$", "a-b"));
  EXPECT_TRUE(matches("^a*?b??$", "aab"));
}

TEST(Pattern, TakesLinearTimeWhereBacktrackingWouldNotEnd) {
  EXPECT_FALSE(matches("^(a+)+$", std::string(10000, 'a') + "b"));
  EXPECT_FALSE(matches("^(a|aa)*c$", std::string(10000, 'a')));
}

TEST(Pattern, NeverMatchesTextsAboveTheCap) {
  EXPECT_TRUE(matches("^a*$", std::string(Pattern::kMaxTextBytes, 'a')));
  EXPECT_FALSE(matches("^a*$", std::string(Pattern::kMaxTextBytes + 1, 'a')));
}

TEST(Pattern, RefusesWhatItDoesNotServe) {
  EXPECT_EQ(refusal("(?=a)"), "pattern \"(?=a)\": look-around and named groups are not served at offset 1");
  EXPECT_EQ(refusal("(a)\\1"), "pattern \"(a)\\1\": \\1 is not served at offset 5");
  for (const auto* bad : {"a{2", "[a", "(a", "a)", "*a", "a**", "[b-a]", "\\", "{3}", "a{3,2}", "a{99999}", "\\p{L}",
                          "[\\D]", "\\u12", "((((a{99}){99}){99}){99})"}) {
    EXPECT_NE(refusal(bad), "accepted") << bad;
  }
}

}  // namespace
}  // namespace mortise::contract
