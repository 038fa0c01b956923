// The habits of servers that speak chat completions, each as it was seen on the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "event_lines.hpp"
#include "json_reading.hpp"
#include "wire_form.hpp"

namespace mortise::models {
namespace {

Answer streamed(std::string_view text) {
  const auto reader = chatCompletionsForm().reader();
  std::string said;
  EventLines lines([&](const ServerEvent& event) { reader->take(event.data, said); });
  lines.take(text);
  lines.finish();
  auto answer = reader->finish();
  EXPECT_EQ(answer.text, said);
  return answer;
}

Answer whole(std::string_view text) {
  rapidjson::Document body;
  EXPECT_TRUE(parseJson(text, body));
  return chatCompletionsForm().read(body);
}

std::string delta(const std::string& members, const std::string& ending = "null") {
  return R"(data: {"choices":[{"index":0,"delta":{)" + members + R"(},"finish_reason":)" + ending + "}]}\n\n";
}
std::string call(const std::string& members) { return delta(R"("tool_calls":[{)" + members + "}]"); }

const std::string kStop = delta("", R"("stop")");
const std::string kDone = "data: [DONE]\n\n";

TEST(ChatCompletions, IdAndNameInEveryPiece) {
  const auto answer = streamed(
      call(R"("index":0,"id":"c1","type":"function","function":{"name":"look_up","arguments":"{\"a\""})") +
      call(R"("index":0,"id":"c1","type":"function","function":{"name":"look_up","arguments":":1}"})") + kStop + kDone);
  ASSERT_EQ(answer.toolCalls.size(), 1U);
  EXPECT_EQ(answer.toolCalls[0].id, "c1");
  EXPECT_EQ(answer.toolCalls[0].name, "look_up");
  EXPECT_EQ(answer.toolCalls[0].arguments, R"({"a":1})");
}

TEST(ChatCompletions, NamesInPieces) {
  const auto answer = streamed(call(R"("index":0,"id":"c1","function":{"name":"look","arguments":""})") +
                               call(R"("index":0,"function":{"name":"_up","arguments":"{}"})") + kStop + kDone);
  ASSERT_EQ(answer.toolCalls.size(), 1U);
  EXPECT_EQ(answer.toolCalls[0].name, "look_up");
}

TEST(ChatCompletions, NoIndex) {
  const auto answer = streamed(call(R"("id":"c1","function":{"name":"a","arguments":"{\"x\":"})") +
                               call(R"("function":{"arguments":"1}"})") +
                               call(R"("id":"c2","function":{"name":"b","arguments":"{}"})") + kStop + kDone);
  ASSERT_EQ(answer.toolCalls.size(), 2U);
  EXPECT_EQ(answer.toolCalls[0].arguments, R"({"x":1})");
  EXPECT_EQ(answer.toolCalls[1].name, "b");
}

TEST(ChatCompletions, EveryCallNumberedNought) {
  const auto answer = streamed(call(R"("index":0,"id":"c1","function":{"name":"a","arguments":"{}"})") +
                               call(R"("index":0,"id":"c2","function":{"name":"b","arguments":"{"})") +
                               call(R"("index":0,"function":{"arguments":"}"})") + kStop + kDone);
  ASSERT_EQ(answer.toolCalls.size(), 2U);
  EXPECT_EQ(answer.toolCalls[0].arguments, "{}");
  EXPECT_EQ(answer.toolCalls[1].id, "c2");
  EXPECT_EQ(answer.toolCalls[1].arguments, "{}");
}

TEST(ChatCompletions, ArgumentsAsAnObject) {
  const auto answer =
      streamed(call(R"("index":0,"id":"c1","function":{"name":"a","arguments":{"x":[1]}})") + kStop + kDone);
  ASSERT_EQ(answer.toolCalls.size(), 1U);
  EXPECT_EQ(answer.toolCalls[0].arguments, R"({"x":[1]})");
  EXPECT_EQ(
      whole(
          R"({"choices":[{"message":{"tool_calls":[{"id":"c","function":{"name":"a","arguments":{"x":2}}}]},"finish_reason":"stop"}]})")
          .toolCalls[0]
          .arguments,
      R"({"x":2})");
}

TEST(ChatCompletions, SeveralCallsInAPiece) {
  const auto answer = streamed(
      delta(
          R"("tool_calls":[{"index":0,"id":"c1","function":{"name":"a","arguments":"{}"}},{"index":1,"id":"c2","function":{"name":"b","arguments":"{}"}}])") +
      kStop + kDone);
  ASSERT_EQ(answer.toolCalls.size(), 2U);
  EXPECT_EQ(answer.toolCalls[1].name, "b");
}

TEST(ChatCompletions, StopAlthoughAFunctionIsWaitedFor) {
  const auto text = call(R"("index":0,"id":"c1","function":{"name":"a","arguments":"{}"})") + kStop;
  EXPECT_EQ(streamed(text).ending, Ending::toolCalls);
  EXPECT_EQ(streamed(text + kDone).ending, Ending::toolCalls);
}

TEST(ChatCompletions, UsageAtTheEndBehindAnEmptyListOfChoices) {
  const auto answer =
      streamed(": keep-alive\n\n" + delta(R"("role":"assistant","content":"Hi")") + kStop +
               R"(data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})" + "\n\n" + kDone);
  EXPECT_EQ(answer.text, "Hi");
  EXPECT_EQ(answer.usage.inputTokens, 3);
  EXPECT_EQ(answer.usage.outputTokens, 4);
}

TEST(ChatCompletions, UsageOfNullInEveryPieceButTheLast) {
  const auto answer = streamed(
      R"(data: {"choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":null})"
      "\n\n"
      R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}})"
      "\n\n" +
      kDone);
  EXPECT_EQ(answer.usage.outputTokens, 2);
}

TEST(ChatCompletions, CommentsWhileTheModelThinks) {
  EXPECT_EQ(streamed(": OPENROUTER PROCESSING\n\n" + delta(R"("content":"a")") + ": OPENROUTER PROCESSING\n\n" +
                     delta(R"("content":"b")") + kStop + kDone)
                .text,
            "ab");
}

TEST(ChatCompletions, ReasoningBesideTheText) {
  for (const std::string name : {"reasoning_content", "reasoning"}) {
    const auto answer = streamed(delta("\"content\":null,\"" + name + "\":\"first \"") +
                                 delta("\"" + name + "\":\"this\"") + delta(R"("content":"So.")") + kStop + kDone);
    EXPECT_EQ(answer.reasoning, "first this") << name;
    EXPECT_EQ(answer.text, "So.") << name;
    EXPECT_EQ(whole(R"({"choices":[{"message":{"content":"So.",")" + name + R"(":"this"}}]})").reasoning, "this");
  }
}

TEST(ChatCompletions, ContentInParts) {
  EXPECT_EQ(
      whole(R"({"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]})").text,
      "ab");
}

TEST(ChatCompletions, AnswersOfOlderShapes) {
  EXPECT_EQ(whole(R"({"choices":[{"text":"a"}]})").text, "a");
  EXPECT_EQ(whole(R"({"message":{"role":"assistant","content":"b"}})").text, "b");
  EXPECT_EQ(whole(R"({"content":"c"})").text, "c");
  EXPECT_THROW(whole(R"({"text":"d"})"), Error);
  EXPECT_THROW(whole(R"({"choices":[{}]})"), Error);
}

TEST(ChatCompletions, MoreCallsThanAnybodyMakes) {
  std::string text;
  for (int i = 0; i < 129; ++i)
    text += call("\"index\":" + std::to_string(i) + R"(,"id":"c)" + std::to_string(i) + R"(","function":{"name":"a"})");
  EXPECT_THROW(streamed(text + kStop), Error);
}

}  // namespace
}  // namespace mortise::models
