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

TEST(Trimmed, TakesSpaceOffBothEndsOnly) {
  EXPECT_EQ(mortise::trimmed("  a b\t\r\n"), "a b");
  EXPECT_EQ(mortise::trimmed("a"), "a");
  EXPECT_EQ(mortise::trimmed(" \n "), "");
  EXPECT_EQ(mortise::trimmed(""), "");
}

}  // namespace
}  // namespace auth
