// Which lines of messages.jsonl are messages, and which of these are shown.
#include "library/message_line.hpp"
#include <mortise/markup.hpp>

#include <gtest/gtest.h>

#include <string>

namespace session_sharing {
namespace {

using enum MessageLine;

TEST(MessageLines, AreObjectsOfJson) {
  EXPECT_EQ(messageLineOf(R"({"role":"user","content":"hi"})"), shown);
  EXPECT_EQ(messageLineOf("  {\"content\":\"hi\"}\t\r"), shown);
  for (const char* line :
       {"", " ", "x", "1", "\"text\"", "[]", "[{\"content\":\"hi\"}]", "null", "{", R"({"content":"hi")",
        R"({"content":"hi"} x)", R"({"content":"hi"}{})", R"({"content":'hi'})", "{\"content\":\"\x01\"}",
        "{\"content\":\"\xff\"}", "\xef\xbb\xbf{\"content\":\"hi\"}", R"({"content":NaN})", R"({"content":1e999})"}) {
    EXPECT_EQ(messageLineOf(line), none) << line;
  }
  EXPECT_EQ(messageLineOf(std::string("{\"content\":\"hi\"}\0", 17)), none);
  EXPECT_EQ(messageLineOf(std::string("{\"content\":\"hi\"}\0x", 18)), none);
}

TEST(MessageLines, NeedContentUnlessTheyAreOfATool) {
  for (const char* content : {"\"\"", "null", "[]", "{}", "0", "0.0", "-0e5", "false"}) {
    const auto line = std::string(R"({"role":"user","content":)") + content + "}";
    EXPECT_EQ(messageLineOf(line), hidden) << line;
    EXPECT_EQ(messageLineOf(std::string(R"({"content":)") + content + R"(,"role":"tool"})"), shown) << content;
  }
  for (const char* content : {"\" \"", "[[]]", "{\"a\":\"\"}", "1", "0.5", "1e99", "true"}) {
    const auto line = std::string(R"({"role":"user","content":)") + content + "}";
    EXPECT_EQ(messageLineOf(line), shown) << line;
  }
  EXPECT_EQ(messageLineOf("{}"), hidden);
  EXPECT_EQ(messageLineOf(R"({"role":"tool"})"), shown);
  EXPECT_EQ(messageLineOf(R"({"role":["tool"]})"), hidden);
  EXPECT_EQ(messageLineOf(R"({"meta":{"content":"x","role":"tool"}})"), hidden)
      << "only members of the message itself count";
}

TEST(MessageLines, OfSideChainsAreHidden) {
  EXPECT_EQ(messageLineOf(R"({"content":"x","is_sidechain":true})"), hidden);
  EXPECT_EQ(messageLineOf(R"({"role":"tool","is_sidechain":true})"), hidden);
  for (const char* value : {"false", "null", "\"true\"", "1", "[true]", "{\"is_sidechain\":true}"})
    EXPECT_EQ(messageLineOf(std::string(R"({"content":"x","is_sidechain":)") + value + "}"), shown) << value;
  EXPECT_EQ(messageLineOf(R"({"content":[{"is_sidechain":true}]})"), shown);
}

TEST(MessageLines, TakeTheLastOfRepeatedMembers) {
  EXPECT_EQ(messageLineOf(R"({"content":"x","content":""})"), hidden);
  EXPECT_EQ(messageLineOf(R"({"content":"","content":"x"})"), shown);
  EXPECT_EQ(messageLineOf(R"({"role":"tool","role":"user"})"), hidden);
  EXPECT_EQ(messageLineOf(R"({"content":"x","is_sidechain":true,"is_sidechain":false})"), shown);
}

TEST(MessageLines, NestNoDeeperThanTheirReadersCan) {
  const auto nested = [](std::size_t depth) {
    return R"({"content":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(messageLineOf(nested(499)), shown);
  EXPECT_EQ(messageLineOf(nested(500)), none);
  EXPECT_EQ(messageLineOf(nested(1'000'000)), none);
  EXPECT_EQ(messageLineOf(std::string(1'000'000, '[')), none);
}

TEST(Markup, IsTakenOutOfTexts) {
  EXPECT_EQ(mortise::withoutMarkup(" Fix <b>the</b> clock "), "Fix the clock");
  EXPECT_EQ(mortise::withoutMarkup("<script>alert(1)</script>"), "alert(1)");
  EXPECT_EQ(mortise::withoutMarkup("<!-- note --><?php x ?>a"), "a");
  EXPECT_EQ(mortise::withoutMarkup("a < b > c"), "a < b > c");
  EXPECT_EQ(mortise::withoutMarkup("1 <2"), "1 <2");
  EXPECT_EQ(mortise::withoutMarkup("a <b"), "a");
  EXPECT_EQ(mortise::withoutMarkup("<<b>script>alert(1)<<b>/script>"), "alert(1)");
  EXPECT_EQ(mortise::withoutMarkup("<<<i>b>img src=x onerror=alert(1)>"), "");
  EXPECT_EQ(mortise::withoutMarkup("<i></i> \n"), "");
  EXPECT_EQ(mortise::withoutMarkup(""), "");
  EXPECT_EQ(mortise::withoutMarkup("<"), "<");
}

}  // namespace
}  // namespace session_sharing
