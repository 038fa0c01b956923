#include "search/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace session_sharing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<std::string> indexed(std::string_view text) {
  std::vector<std::string> words;
  for (const auto& one : wordsOf(text)) words.push_back(one.word);
  return words;
}
std::vector<std::string> asked(std::string_view query) {
  const auto terms = termsOf(query);
  return {terms.words.begin(), terms.words.end()};
}
bool finds(std::string_view query, std::string_view text) {
  const auto there = indexed(text);
  const auto terms = termsOf(query);
  return !terms.words.empty() && std::all_of(terms.words.begin(), terms.words.end(), [&](const auto& word) {
    return std::find(there.begin(), there.end(), word) != there.end();
  });
}

TEST(Words, AreFoundInAnyCaseAndEnglishForm) {
  EXPECT_TRUE(finds("parsers", "The Parser fails"));
  EXPECT_TRUE(finds("FAILING parse", "it failed to parse"));
  EXPECT_TRUE(finds("RÉSUMÉ", "a résumé"));
  EXPECT_TRUE(finds("strasse", "Straße"));
  EXPECT_TRUE(finds("ｃａｃｈｅ", "cache")) << "full-width letters";
  EXPECT_TRUE(finds("приложение", "ПРИЛОЖЕНИЕ"));
  EXPECT_FALSE(finds("parsers lexer", "the parser fails")) << "every word must be there";
  EXPECT_FALSE(finds("pars", "parabola"));
}

TEST(Words, OfScriptsWithoutBlanksAreFoundByAnyPart) {
  const std::string text = "修复数据库连接池的内存泄漏问题";
  for (const char* part : {"数据库", "连接池", "内存泄漏", "库连", "修", "题", "数据库 内存"})
    EXPECT_TRUE(finds(part, text)) << part;
  for (const char* other : {"数连", "泄露", "数据表"}) EXPECT_FALSE(finds(other, text)) << other;
  EXPECT_TRUE(finds("データベース", "新しいデータベースを作る"));
  EXPECT_TRUE(finds("데이터", "데이터베이스를"));
  EXPECT_TRUE(finds("ฐานข้อมูล", "แก้ไขฐานข้อมูลแล้ว"));
  EXPECT_TRUE(finds("使用 sqlite 数据", "使用SQLite数据库"));
  EXPECT_THAT(asked("数据库"), ElementsAre("据库", "数据"));
  EXPECT_THAT(asked("库"), ElementsAre("库"));
}

TEST(Words, OfCodeAreFoundWholeAndByTheirParts) {
  const std::string text = "edited src/parser/token_stream.cpp, then ran build-all::release@0.26.1";
  for (const char* part : {"src/parser/token_stream.cpp", "token_stream.cpp", "token_stream", "stream", "parser", "cpp",
                           "parser/token", "build-all", "0.26.1", "0.26", "release@0.26.1"})
    EXPECT_TRUE(finds(part, text)) << part;
  for (const char* other : {"src/token_stream.cpp", "stream_token", "parser.cpp", "0.1"})
    EXPECT_FALSE(finds(other, text)) << other;
  EXPECT_THAT(asked("foo_bar"), ElementsAre("foo_bar"));
  EXPECT_THAT(asked("foo, bar"), ElementsAre("bar", "foo"));
  EXPECT_THAT(indexed("a->b"), AllOf(Contains("a"), Contains("b"), Not(Contains("a_b"))));
}

TEST(Words, OfHostileTextsStayFewAndShort) {
  EXPECT_THAT(indexed(""), IsEmpty());
  EXPECT_THAT(asked(" \t\"'()*:^{}~-+&|!<>"), IsEmpty());
  EXPECT_THAT(indexed(std::string("\xff\xfe\0\xc3", 4)), IsEmpty());
  EXPECT_THAT(indexed(std::string(100000, 'x')), ElementsAre(std::string(64, 'x')));
  EXPECT_TRUE(finds(std::string(300, 'x'), std::string(300, 'x')));
  std::string many;
  for (int i = 0; i < 250; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_THAT(asked(many), SizeIs(kMaxTerms));
  std::string ligatures;  // one character becomes eighteen
  for (int i = 0; i < 30000; ++i) ligatures += "\xEF\xB7\xBA";
  for (const auto& word : indexed(ligatures)) EXPECT_LE(word.size(), 64U);
  const auto counted = wordsOf("a a a a a a a a a a a a");
  ASSERT_THAT(counted, SizeIs(1));
  EXPECT_EQ(counted[0].count, kMaxRepeats);
}

TEST(Words, HoldNothingThatTheIndexesUseForThemselves) {
  for (const char* text : {"a:b", "a'b", "a\\b", "ﬁ\"x", "½ ⅷ ﷺ", "a\u00adb", "x\u200dy"}) {
    for (const auto& word : indexed(text)) {
      EXPECT_EQ(word.find_first_of(" \t\n'\"\\:*&|!()<>"), std::string::npos) << text << " " << word;
    }
  }
}

TEST(Words, OfALongTextAreBounded) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "w" + std::to_string(i) + "." + std::to_string(i * 7) + " ";
  std::size_t bytes = 0;
  for (const auto& word : indexed(text)) bytes += word.size();
  EXPECT_LT(bytes, 700U << 10);
  EXPECT_GT(bytes, 500U << 10);
}

}  // namespace
}  // namespace session_sharing
