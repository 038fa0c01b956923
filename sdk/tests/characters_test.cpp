#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/json_depth.hpp>

#include <gtest/gtest.h>

namespace mortise {
namespace {

TEST(Characters, OfOneLineAreNoControlCharacters) {
  EXPECT_TRUE(isOneLine("one two \U0001F600"));
  EXPECT_TRUE(isOneLine(""));
  EXPECT_FALSE(isOneLine("one\ntwo"));
  EXPECT_FALSE(isOneLine("c1 \u009b"));
}

TEST(Characters, OfSeveralLinesMayBeLineBreaks) {
  EXPECT_TRUE(isMultiLine("one\ntwo\r\nthree \U0001F600"));
  EXPECT_TRUE(isMultiLine(""));
  EXPECT_FALSE(isMultiLine("tab\there"));
  EXPECT_FALSE(isMultiLine("\x1b[31m"));
  EXPECT_FALSE(isMultiLine("c1 \u009b"));
}

TEST(Characters, AreReadOnlyWhereTheyAreUtf8) {
  EXPECT_EQ(firstCodePoint("a").value, 0x61U);
  EXPECT_EQ(firstCodePoint(std::string_view("\0x", 2)).size, 1u);
  EXPECT_EQ(firstCodePoint("\u00e9x").size, 2u);
  EXPECT_EQ(firstCodePoint("\u20acx").value, 0x20acU);
  EXPECT_EQ(firstCodePoint("\U0010ffff").value, 0x10ffffU);
  for (const auto* text : {"", "\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x82x"})
    EXPECT_EQ(firstCodePoint(text).size, 0u) << text;
}

TEST(JsonDepth, CountsObjectsAndLists) {
  EXPECT_TRUE(isShallowJson(R"({"a":[1,"[[[{"]})", 2));
  EXPECT_FALSE(isShallowJson(R"({"a":[{}]})", 2));
  EXPECT_TRUE(isShallowJson(R"(["\"[[[", {}])", 2));
  EXPECT_TRUE(isShallowJson("[[]][[]]", 2));
}

TEST(Characters, AreCutBetweenTwo) {
  EXPECT_EQ(firstCharacters("h\u00e9llo", 2), "h\u00e9");
  EXPECT_EQ(firstCharacters("ab", 5), "ab");
  EXPECT_EQ(firstCharacters("ab", 0), "");
  EXPECT_EQ(firstBytes("h\u00e9llo", 2), "h");
  EXPECT_EQ(firstBytes("h\u00e9llo", 3), "h\u00e9");
  EXPECT_EQ(firstBytes("ab", 5), "ab");
  EXPECT_EQ(firstBytes("\x80\x80", 1), "");
}

TEST(Characters, AreCountedNotBytes) {
  EXPECT_EQ(characterCount(""), 0U);
  EXPECT_EQ(characterCount("h\u00e9llo \U0001F600"), 7U);
}

TEST(Ascii, OnlyItsLettersBecomeLowerCase) {
  EXPECT_EQ(asciiLowerCase("AbZ-9 \u00c9"), "abz-9 \u00c9");
  EXPECT_EQ(asciiLowerCase('Q'), 'q');
  EXPECT_EQ(asciiLowerCase('['), '[');
}

}  // namespace
}  // namespace mortise
