#include "../names.hpp"

#include <gtest/gtest.h>
#include <mortise/paging.hpp>

namespace auth {
namespace {

TEST(RuntimeUsername, IsThreeToThirtyLettersDigitsUnderscores) {
  EXPECT_TRUE(isRuntimeUsername("abc"));
  EXPECT_TRUE(isRuntimeUsername("A_1" + std::string(27, 'z')));
  EXPECT_FALSE(isRuntimeUsername("ab"));
  EXPECT_FALSE(isRuntimeUsername(std::string(31, 'z')));
  EXPECT_FALSE(isRuntimeUsername("with space"));
  EXPECT_FALSE(isRuntimeUsername("dash-ed"));
  EXPECT_FALSE(isRuntimeUsername("\u540d\u5b57\u540d"));
  EXPECT_FALSE(isRuntimeUsername("abc\n"));
}

TEST(RuntimeUsername, IsComparedIgnoringCase) { EXPECT_EQ(foldUsername("Some_Name9"), "some_name9"); }

TEST(ProfileText, HoldsLineBreaksButNoOtherControlCharacters) {
  EXPECT_TRUE(isMultiLine("one\ntwo\r\nthree \U0001F600"));
  EXPECT_TRUE(isMultiLine(""));
  EXPECT_FALSE(isMultiLine("tab\there"));
  EXPECT_FALSE(isMultiLine("\x1b[31m"));
  EXPECT_FALSE(isMultiLine("c1 \u009b"));
  EXPECT_FALSE(isOneLine("one\ntwo"));
  EXPECT_TRUE(isOneLine("one two"));
}

TEST(Trimmed, TakesSpaceOffBothEndsOnly) {
  EXPECT_EQ(mortise::trimmed("  a b\t\r\n"), "a b");
  EXPECT_EQ(mortise::trimmed("a"), "a");
  EXPECT_EQ(mortise::trimmed(" \n "), "");
  EXPECT_EQ(mortise::trimmed(""), "");
}

}  // namespace
}  // namespace auth
