#include "sandbox/glob.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace agent::sandbox {
namespace {

bool matches(std::string_view pattern, std::string_view path) { return Glob(pattern).matches(path); }

TEST(AGlob, MatchesNamesAsAShellDoes) {
  EXPECT_TRUE(matches("*.txt", "a.txt"));
  EXPECT_FALSE(matches("*.txt", "b/a.txt"));
  EXPECT_FALSE(matches("*.txt", "a.txt.gz"));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_TRUE(matches("a?c",
                      "a\xe6\x97\xa5"
                      "c"))
      << "one character of three bytes";
  EXPECT_TRUE(matches("[a-c]x", "bx"));
  EXPECT_FALSE(matches("[!a-c]x", "bx"));
  EXPECT_TRUE(matches("[]]", "]"));
  EXPECT_TRUE(matches("[a", "[a"));
  EXPECT_TRUE(matches("*a*b*", "xxaxxbxx"));
  EXPECT_TRUE(matches("/src/*", "src/a"));
  EXPECT_FALSE(matches("*", ".hidden"));
  EXPECT_TRUE(matches(".*", ".hidden"));
}

TEST(AGlob, MatchesAnyNumberOfDirectories) {
  EXPECT_TRUE(matches("**/*.py", "a.py"));
  EXPECT_TRUE(matches("**/*.py", "b/c/a.py"));
  EXPECT_FALSE(matches("**/*.py", ".git/a.py"));
  EXPECT_TRUE(matches("src/**", "src/a/b"));
  EXPECT_TRUE(matches("src/**/x", "src/x"));
  EXPECT_FALSE(matches("src/**/x", "x"));
  EXPECT_TRUE(matches("**", "a/b/c"));
  EXPECT_TRUE(matches("**/b/**/d", "a/b/c/d"));
  EXPECT_EQ(Glob("a/*/c").levels(), 3U);
  EXPECT_EQ(Glob("a/**").levels(), 0U);
}

TEST(AGlob, HasBounds) {
  EXPECT_FALSE(Glob("").good());
  EXPECT_FALSE(Glob("/").good());
  EXPECT_FALSE(Glob(std::string(Glob::kMaxPattern + 1, 'a')).good());
  std::string deep;
  for (std::size_t i = 0; i <= Glob::kMaxParts; ++i) deep += "a/";
  EXPECT_FALSE(Glob(deep).good());
  // Stars over a name that never matches: the product of the lengths, not a power.
  std::string stars;
  for (int i = 0; i < 300; ++i) stars += "*a";
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(matches(stars + "b", std::string(255, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace agent::sandbox
