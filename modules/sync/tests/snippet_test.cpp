#include "search/snippet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace session_sharing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string snippet(std::string_view text, std::string_view query) { return snippetOf(text, termsOf(query)); }

std::string words(const std::string& word, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += word + std::to_string(i) + " ";
  return out;
}

TEST(Snippets, MarkWhatWasFound) {
  EXPECT_EQ(snippet("The parsers failed again", "parser fail"), "The <mark>parsers</mark> <mark>failed</mark> again");
  EXPECT_EQ(snippet("see src/x.cpp now", "src/x.cpp"), "see <mark>src/x.cpp</mark> now");
  EXPECT_EQ(snippet("see foo_bar and foo", "foo_bar"), "see <mark>foo_bar</mark> and foo");
  EXPECT_EQ(snippet("修复数据库连接", "数据库"), "修复<mark>数据库</mark>连接");
  EXPECT_EQ(snippet("ＣＡＣＨＥ miss", "cache"), "<mark>ＣＡＣＨＥ</mark> miss");
  EXPECT_EQ(snippet("nothing of it", "parser"), "");
  EXPECT_EQ(snippet("", "parser"), "");
  EXPECT_EQ(snippet("parser", "..."), "");
}

TEST(Snippets, AreSafeAsHtml) {
  EXPECT_EQ(snippet("<script>alert('x')</script> & \"parser\"", "parser"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;<mark>parser</mark>&quot;");
  EXPECT_EQ(snippet("<mark>parser</mark>", "parser"), "&lt;mark&gt;<mark>parser</mark>&lt;/mark&gt;");
  EXPECT_EQ(snippet("a\n\n\tparser\r\nb\x01\x7f", "parser"), "a <mark>parser</mark> b");
  EXPECT_EQ(snippet("x \u202eparser\u200b y", "parser"), "x <mark>parser</mark> y") << "no marks of direction";
  EXPECT_EQ(snippet("x \xff\xc3 parser", "parser"), "x <mark>parser</mark>");
}

TEST(Snippets, AreAFewWordsAroundAsManyTermsAsPossible) {
  const auto text = words("a", 100) + "parser " + words("b", 100) + "parser lexer " + words("c", 100);
  const auto shown = snippet(text, "lexer parser");
  EXPECT_THAT(shown, AllOf(HasSubstr("<mark>parser</mark> <mark>lexer</mark>"), HasSubstr("b99"), HasSubstr("c0"),
                           Not(HasSubstr("b50"))));
  const auto blanks = std::count(shown.begin(), shown.end(), ' ');
  EXPECT_GE(blanks, 14);
  EXPECT_LT(blanks, 30);
}

TEST(Snippets, AreShortWhateverTheText) {
  EXPECT_LT(snippet(std::string(50000, '.') + " parser " + std::string(50000, '!'), "parser").size(), 1000U);
  EXPECT_LT(snippet(std::string(50000, 'x') + " parser " + std::string(50000, 'y'), "parser").size(), 1000U);
  EXPECT_LT(snippet(std::string(50000, 'x'), std::string(100, 'x')).size(), 1000U);
  std::string same;
  for (int i = 0; i < 20000; ++i) same += "parser ";
  EXPECT_LT(snippet(same, "parser").size(), 1000U);
  std::string chinese;
  for (int i = 0; i < 20000; ++i) chinese += "数据";
  EXPECT_LT(snippet(chinese, "数据").size(), 1000U);
}

}  // namespace
}  // namespace session_sharing
