#include "conversations/events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <string>
#include <vector>

#include "conversations/session_views.hpp"
#include "json_text.hpp"

namespace agent {
namespace {

using testing::EndsWith;
using testing::StartsWith;

constexpr std::size_t kStream = 1U << 20U;  // what the kernel keeps of a stream

rapidjson::Document written(const NewEvent& event) {
  rapidjson::Document out;
  const auto text = dataOf(event, {1, 0}, 1);
  EXPECT_LT(text.size(), kStream / 2);
  EXPECT_TRUE(parseJson(text, out));
  return out;
}

TEST(Events, CutTextsThatAreTooLongForAStream) {
  EXPECT_EQ(textMember(written(messageEvent("user", "Hello", {}, {})), "message"), "Hello");
  const std::string most(256U << 10U, 'x');
  EXPECT_EQ(textMember(written(messageEvent("user", most, {}, {})), "message"), most);
  for (const std::string piece : {"x", "\x01", "\"", "字", "\xF0\x9F\x98\x80"}) {
    std::string text = "a";
    while (text.size() < 2 * kStream) text += piece;
    const auto said = textMember(written(messageEvent("assistant", text, {}, {})), "message");
    EXPECT_THAT(said, StartsWith("a" + piece));
    EXPECT_THAT(said, EndsWith(piece + "…(truncated)"));
  }
}

TEST(Events, CutArgumentsThatAreTooLongForAStream) {
  const auto argumentsOf = [](const std::string& arguments) {
    const auto event = written(toolEvent("c", "file", "write_file", arguments, false));
    return mortise::models::toText(event["args"]);
  };
  EXPECT_EQ(argumentsOf(R"({"filepath":"/a","content":"b"})"), R"({"filepath":"/a","content":"b"})");
  const std::string text(2 * kStream, 'x');
  const auto cut = argumentsOf(R"({"filepath":"/a","content":")" + text + R"(","list":["x",")" + text + R"("],"n":7})");
  EXPECT_EQ(cut, R"({"filepath":"/a","content":")" + std::string(4096, 'x') + "…(truncated)\",\"n\":7}");
}

TEST(SessionList, HasRoomInAStream) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "字";
  SessionItem one;
  one.id = "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11";
  one.title = mortise::firstCharacters(text, 20);
  one.latestMessage = text;
  const std::vector<SessionItem> many(1000, one);
  rapidjson::Document list;
  auto whole = sessionListText(many);
  EXPECT_LE(whole.size(), kStream / 2 + 100);
  EXPECT_TRUE(parseJson(whole, list));
  EXPECT_GE(list["sessions"].Size(), 900U);
  EXPECT_EQ(textMember(list["sessions"][0], "latest_message"), mortise::firstCharacters(text, 100));

  auto others = many;
  for (auto& session : others) session.title = text;
  whole = sessionListText(others);
  EXPECT_LE(whole.size(), kStream / 2 + 100);
  EXPECT_TRUE(parseJson(whole, list));
  EXPECT_GE(list["sessions"].Size(), 200U);
  EXPECT_LT(list["sessions"].Size(), 1000U);
}

}  // namespace
}  // namespace agent
