// What slugs and texts of pages tell: titles, references, words; in time that grows with the text.
#include "wiki/page_text.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace projects {
namespace {

using Names = std::vector<std::string>;

Names referencesOf(std::string_view text) { return referencesIn(text, 1000); }

TEST(PageText, TitlesAreMadeOfSlugs) {
  EXPECT_EQ(titleOfSlug("guide/set-up"), "Guide/Set Up");
  EXPECT_EQ(titleOfSlug("API_v2"), "Api_V2");
  EXPECT_EQ(titleOfSlug("o'neil"), "O'Neil");
  EXPECT_EQ(titleOfSlug("a..b"), "A..B");
  EXPECT_EQ(titleOfSlug("2nd-step"), "2Nd Step");
  EXPECT_EQ(titleOfSlug("\xC3\xA9t\xC3\xA9-b"), "\xC3\x89t\xC3\xA9 B");  // été
  EXPECT_EQ(titleOfSlug("\xE4\xB8\xAD-\xF0\x9F\x98\x80"), "\xE4\xB8\xAD \xF0\x9F\x98\x80");
}

TEST(PageText, ReferencesAndSlugsMeetInOneForm) {
  EXPECT_EQ(linkNameOf("Key  Decisions"), "key-decisions");
  EXPECT_EQ(linkNameOf(" guide/Set-Up "), "guide/set-up");
  EXPECT_EQ(linkNameOf("\xC3\x89t\xC3\xA9"), "\xC3\xA9t\xC3\xA9");
  EXPECT_EQ(linkNameOf(" \t "), "");
}

TEST(PageText, ReferencesAreFound) {
  EXPECT_EQ(referencesOf("See [[key-decisions]], [[Guide/Set Up|how to]] and [[bugs#open]]."),
            (Names{"key-decisions", "guide/set-up", "bugs"}));
  EXPECT_EQ(referencesOf("[[a]] [[A]] [[a]]"), (Names{"a"})) << "each once";
  EXPECT_EQ(referencesOf("[[outer [[inner]]"), (Names{"inner"}));
  EXPECT_EQ(referencesOf("[[a\n]] [[]] [[ ]] [[|x]] [[#y]] [x] ]] [["), (Names{})) << "within a line, with a name";
  EXPECT_EQ(referencesOf("[[" + std::string(401, 'x') + "]]"), (Names{})) << "too long";
  EXPECT_EQ(referencesIn("[[a]] [[b]] [[c]]", 2), (Names{"a", "b"}));
}

TEST(PageText, CodeHasNoReferences) {
  EXPECT_EQ(referencesOf("`[[a]]` [[b]] ``[[c]] ` [[d]]`` [[e]] `[[f]]"), (Names{"b", "e", "f"}));
  EXPECT_EQ(referencesOf("```sh\n[[ -f x ]]\n```\n[[a]]\n~~~~\n[[b]]\n~~~\n[[c]]\n~~~~\n[[d]]\n"), (Names{"a", "d"}));
  EXPECT_EQ(referencesOf("```\n[[a]]"), (Names{})) << "a fence that never ends";
}

TEST(PageText, WordsStandBetweenWhiteSpace) {
  EXPECT_EQ(countWords(""), 0);
  EXPECT_EQ(countWords(" \t\n"), 0);
  EXPECT_EQ(countWords("See [[key-decisions]] and\xC2\xA0more  words\n"), 5);
}

// Texts made to be slow: each takes at most a few times what a plain text of its length takes.
TEST(PageText, NoTextIsSlow) {
  constexpr std::size_t kSize = std::size_t{4} << 20;
  const auto repeated = [](std::string_view piece) {
    std::string text;
    while (text.size() < kSize) text.append(piece);
    return text;
  };
  std::string runs;  // backticks of every length, none of which closes another
  for (std::size_t length = 1; runs.size() < kSize; ++length) runs.append(length, '`').append("x");
  for (const auto& text :
       {repeated("[["), repeated("[[a"), repeated("]]"), repeated("`"), repeated("`[["), repeated("` "),
        repeated("[[`"), repeated("```\n"), repeated("~~~\n[["), repeated("\n"), runs}) {
    const auto start = std::chrono::steady_clock::now();
    referencesOf(text);
    countWords(text);
    titleOfSlug(text);
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_LT(took, std::chrono::seconds(10)) << text.substr(0, 8);
  }
}

}  // namespace
}  // namespace projects
