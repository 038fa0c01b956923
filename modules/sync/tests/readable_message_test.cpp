#include "sharing/readable_message.hpp"

#include <gtest/gtest.h>

#include <mortise/json.hpp>

#include <optional>
#include <string>

namespace session_sharing {
namespace {

std::string shown(std::string line, std::size_t mostPerBlock = 100) {
  ReadableMessage message;
  if (!readForPeople(line, mostPerBlock, message)) return "none";
  std::string out;
  mortiseAppendJson(out, message);
  return out;
}

TEST(Readable, HasTextsCallsAndResultsInTheirOrder) {
  EXPECT_EQ(shown(R"({"role":"assistant","timestamp":"2026-01-01T00:00:00Z","content":[{"type":"text","text":"a"},)"
                  R"({"type":"tool_use","tool_use_id":"1","name":"Bash","input":{"command":"ls"}},)"
                  R"({"type":"tool_result","tool_use_id":"1","content":"one"},)"
                  R"({"type":"tool_result","content":[{"type":"text","text":"two"},"three"]}]})"),
            R"({"role":"assistant","timestamp":"2026-01-01T00:00:00Z","content":[{"type":"text","text":"a"},)"
            R"({"type":"tool_use","text":"{\"command\":\"ls\"}","name":"Bash"},{"type":"tool_result","text":"one"},)"
            R"({"type":"tool_result","text":"two"},{"type":"tool_result","text":"three"}]})");
}

TEST(Readable, TakesContentThatIsOneText) {
  EXPECT_EQ(shown(R"({"role":"user","content":"hello"})"),
            R"({"role":"user","timestamp":null,"content":[{"type":"text","text":"hello"}]})");
  EXPECT_EQ(shown(R"({"role":"tool","content":"out"})"),
            R"({"role":"tool","timestamp":null,"content":[{"type":"tool_result","text":"out"}]})");
}

TEST(Readable, TakesResultsOfToolsInMessagesOfTools) {
  EXPECT_EQ(shown(R"({"role":"tool","content":[{"type":"tool_result","content":[{"type":"text","text":"out"}]}]})"),
            R"({"role":"tool","timestamp":null,"content":[{"type":"tool_result","text":"out"}]})");
}

TEST(Readable, LeavesOutWhatPeopleAreNotShown) {
  for (const char* line : {"", "no JSON", "[]", "5", R"({"role":"user"})", R"({"role":"user","content":[]})",
                           R"({"role":"user","content":""})", R"({"role":"user","content":{"a":1}})",
                           R"({"role":"user","content":"x","is_sidechain":true})",
                           R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm"}]})"}) {
    EXPECT_EQ(shown(line), "none") << line;
  }
}

TEST(Readable, CutsTextsBetweenCharactersAndDropsNuls) {
  EXPECT_EQ(shown(R"({"role":"user","content":"h\u00e9llo"})", 2),
            "{\"role\":\"user\",\"timestamp\":null,\"content\":[{\"type\":\"text\",\"text\":\"h\u00e9\"}]}");
  EXPECT_EQ(shown(R"({"role":"user","content":"a\u0000b"})"),
            R"({"role":"user","timestamp":null,"content":[{"type":"text","text":"ab"}]})");
}

TEST(Readable, TextIsWhatWasSaid) {
  ReadableMessage message;
  std::string line =
      R"({"role":"assistant","content":[{"type":"text","text":"a"},{"type":"tool_use","name":"x"},{"type":"text","text":"b"}]})";
  ASSERT_TRUE(readForPeople(line, 100, message));
  EXPECT_EQ(textOf(message), "a\nb");
}

TEST(Readable, HoldsAThousandBlocksAtMost) {
  std::string line = R"({"role":"user","content":[)";
  for (int i = 0; i < 3000; ++i) line += std::string(i == 0 ? "" : ",") + R"("x")";
  line += "]}";
  ReadableMessage message;
  ASSERT_TRUE(readForPeople(line, 100, message));
  EXPECT_EQ(message.blocks.size(), 1000u);
}

}  // namespace
}  // namespace session_sharing
