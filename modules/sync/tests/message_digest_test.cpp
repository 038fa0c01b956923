#include "archives/message_digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace session_sharing {
namespace {

struct Digested {
  std::string title;
  std::string search;
};
Digested of(const std::vector<std::string>& lines) {
  MessageDigest digest;
  for (const auto& text : lines) {
    MemberLine line;
    line.text = text;
    digest.add(line);
  }
  return {digest.titleLine(), digest.takeSearchText()};
}

TEST(MessageDigest, TakesTheFirstUsableLineOfAUserMessage) {
  EXPECT_EQ(
      of({R"({"role":"assistant","content":"An answer"})", R"({"role":"user","content":"The request\nmore"})"}).title,
      "The request");
  EXPECT_EQ(of({R"({"role":"user","is_sidechain":true,"content":"Hidden one"})",
                R"({"role":"user","content":"The request"})"})
                .title,
            "The request");
  EXPECT_EQ(of({R"({"role":"user","content":"<command-name>/clear</command-name>"})",
                R"({"role":"user","content":"The request"})"})
                .title,
            "The request");
  EXPECT_EQ(of({R"({"role":"user","content":[{"type":"tool_result","content":"result text"}]})",
                R"({"role":"user","content":"The request"})"})
                .title,
            "The request");
  EXPECT_EQ(
      of({R"({"role":"user","content":[{"type":"text","text":"first block"},{"type":"text","text":"second"}]})"}).title,
      "first block");
  EXPECT_EQ(of({R"({"role":"user","content":["plain text in a list"]})"}).title, "plain text in a list");
  EXPECT_EQ(of({R"({"role":"user","content":null})", R"({"role":"user"})", R"({"content":"no role"})"}).title, "");
}

TEST(MessageDigest, GathersWhatIsSearched) {
  EXPECT_EQ(
      of({R"({"role":"user","content":"The request"})",
          R"({"role":"assistant","content":[{"type":"text","text":"I look."},{"type":"tool_use","name":"Bash","input":{"command":"ls -l"}}]})",
          R"({"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"total 0"}]}]})",
          R"({"role":"tool","content":"plain result"})"})
          .search,
      "The request\nI look.\n[Bash] ls -l\ntotal 0\nplain result");
  EXPECT_EQ(
      of({R"({"role":"assistant","content":[{"type":"tool_use","name":"Read","input":{"file_path":"src/x.cpp"}}]})"})
          .search,
      "[Read] src/x.cpp");
  EXPECT_EQ(
      of({R"({"role":"assistant","content":[{"type":"tool_use","name":"Plan","input":{}},{"type":"thinking","thinking":"x"}]})"})
          .search,
      "[Plan]");
}

TEST(MessageDigest, CutsResultsAndTheWhole) {
  const auto result =
      of({R"({"role":"user","content":[{"type":"tool_result","content":")" + std::string(600, 'r') + "\"}]}"}).search;
  EXPECT_EQ(result, std::string(500, 'r'));
  const std::string long_line = R"({"role":"user","content":")" + std::string(60 << 10, 'x') + "\"}";
  EXPECT_EQ(of({long_line, long_line, long_line}).search.size(), std::size_t{100} << 10);
  // No character is cut in two.
  std::string wide = "a";
  for (int i = 0; i < (60 << 10); ++i) wide += "\xe4\xbd\xa0";
  const auto search = of({R"({"role":"user","content":")" + wide + "\"}"}).search;
  EXPECT_LE(search.size(), std::size_t{100} << 10);
  EXPECT_EQ(search.substr(search.size() - 3), "\xe4\xbd\xa0");
}

TEST(MessageDigest, SaysWhenItHasEnough) {
  MessageDigest digest;
  MemberLine line;
  line.text = R"({"role":"assistant","content":")" + std::string(200 << 10, 'x') + "\"}";
  EXPECT_TRUE(digest.add(line)) << "there is no title yet";
  line.text = R"({"role":"user","content":"The request"})";
  EXPECT_FALSE(digest.add(line));
}

TEST(MessageDigest, PassesOverLinesThatAreNoMessages) {
  EXPECT_EQ(
      of({"", "nonsense", "[]", "7", "{\"role\":", R"({"role":"user","content":"The request"})", std::string(300, '[')})
          .search,
      "The request");
  EXPECT_EQ(of({"{\"role\":\"user\",\"content\":\"a\xff"
                "b\\u0000c\"}"})
                .search,
            "a\xef\xbf\xbd"
            "bc");
}

}  // namespace
}  // namespace session_sharing
