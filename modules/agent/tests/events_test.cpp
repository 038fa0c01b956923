#include "conversations/events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mortise/characters.hpp>
#include <mortise/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "conversations/failure_texts.hpp"
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

// What a model may write: characters that take three bytes, and those that JSON writes in six.
const std::string kPieces[] = {"x", "\x01", "字"};

TEST(Events, CutPlansThatAreTooLongForAStream) {
  for (const auto& piece : kPieces) {
    std::string text;
    for (int i = 0; i < 4000; ++i) text += piece;
    const auto plan = written(planEvent(std::vector<StepView>(50, {"1", text, "pending"})));
    ASSERT_EQ(plan["steps"].Size(), 50U);
    EXPECT_THAT(textMember(plan["steps"][0], "description"), StartsWith(piece));
    const auto step = written(stepEvent({"1", text, "running"}));
    EXPECT_EQ(textMember(step, "description"), textMember(plan["steps"][0], "description"));
  }
  const auto plan = written(planEvent({{"1", "Look", "pending"}}));
  EXPECT_EQ(textMember(plan["steps"][0], "description"), "Look");
  written(planEvent(std::vector<StepView>(1000, {"1", std::string(4000, 'x'), "pending"})));
}

TEST(Events, CutEveryOtherTextOfAModel) {
  for (const auto& piece : kPieces) {
    std::string text;
    while (text.size() < 2 * kStream) text += piece;
    EXPECT_THAT(textMember(written(titleEvent(text)), "title"), EndsWith("…(truncated)"));
    EXPECT_THAT(textMember(written(errorEvent(text)), "error"), EndsWith("…(truncated)"));
    FileInfo file;
    file.filename = text.substr(0, 300);
    file.filepath = text.substr(0, 6000);
    const auto message = written(messageEvent("assistant", text, "s", std::vector<FileInfo>(50, file)));
    EXPECT_GE(message["attachments"].Size(), 3U);
    EXPECT_LT(message["attachments"].Size(), 50U);
  }
  const auto tool = [](std::string content) {
    return mortise::models::toText(written(toolEvent("c", "mcp", "f", "{}", true, std::move(content)))["content"]);
  };
  EXPECT_EQ(tool(R"({"result":1})"), R"({"result":1})");
  EXPECT_EQ(tool(""), "null");
  EXPECT_EQ(tool("\"" + std::string(kStream, 'x') + "\""), "null");
}

TEST(Failures, AreToldInTheLanguageOfTheUser) {
  EXPECT_EQ(failureText(FailureText::sessionFull, "zh-CN"), "该会话已满，请新建会话。");
  EXPECT_EQ(failureText(FailureText::sessionFull, "en"), "The session is full; begin a new one.");
  EXPECT_EQ(failureText(FailureText::sessionFull, "fr"), failureText(FailureText::sessionFull, "en"));
  for (auto what = 0; what <= static_cast<int>(FailureText::modelUnreachable); ++what) {
    const auto english = failureText(static_cast<FailureText>(what), "en");
    const auto chinese = failureText(static_cast<FailureText>(what), "zh-CN");
    EXPECT_TRUE(std::all_of(english.begin(), english.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) << english;
    EXPECT_FALSE(std::all_of(chinese.begin(), chinese.end(), [](char c) { return c >= 0x20; })) << english;
  }
  EXPECT_EQ(repeatedCallText("en", "search_web", 5),
            "the tool search_web was called 5 times with the same arguments and the same result");
  // Clients look for it, whatever language they are in.
  EXPECT_THAT(modelFailureText(failureText(FailureText::modelBusy, "en")), StartsWith("调用语言模型失败: the model"));
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
