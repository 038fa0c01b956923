// What the events of a thread become in a run of the runtime API: in the list, and in the form of AG-UI.
#include "chats/run_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "json_text.hpp"

namespace agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> typesOf(const std::vector<RunEvent>& events) {
  std::vector<std::string> out;
  for (const auto& event : events) out.push_back(event.type);
  return out;
}

std::string message(const std::string& text, bool partial, const std::string& stream = "m") {
  return R"({"role":"assistant","message":")" + text + R"(","stream_id":")" + stream + R"(","partial":)" +
         (partial ? "true" : "false") + "}";
}
std::string tool(const std::string& status, const std::string& content) {
  return R"({"tool_call_id":"c","name":"search","function":"search_web","args":{"query":"x"},"status":")" + status +
         R"(","content":)" + content + "}";
}

class ARun : public testing::Test {
 protected:
  std::vector<std::string> streamed(const std::vector<RunEvent>& events) const {
    std::vector<std::string> out;
    for (const auto& event : events) out.push_back(run_.inStream(event));
    return out;
  }
  std::vector<std::string> listed(const std::vector<RunEvent>& events) const {
    std::vector<std::string> out;
    for (const auto& event : events) out.push_back(run_.inList(event));
    return out;
  }
  RunEvents run_{"T", "R"};
};

TEST_F(ARun, TellsMessagesByWhatTheyGrewBy) {
  EXPECT_THAT(streamed(run_.add("message", message("one ", true))),
              ElementsAre(R"({"type":"TEXT_MESSAGE_START","messageId":"m","role":"assistant"})",
                          R"({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"one "})"));
  EXPECT_THAT(streamed(run_.add("message", message("one two", true))),
              ElementsAre(R"({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":"two"})"));
  EXPECT_THAT(run_.add("message", message("one two", true)), IsEmpty()) << "no delta is empty";
  EXPECT_THAT(streamed(run_.add("message", message("one two three", false))),
              ElementsAre(R"({"type":"TEXT_MESSAGE_CONTENT","messageId":"m","delta":" three"})",
                          R"({"type":"TEXT_MESSAGE_END","messageId":"m"})"));
  EXPECT_EQ(run_.output(), "one two three");
  EXPECT_THAT(typesOf(run_.add("message", message("At once.", false, "n"))),
              ElementsAre("TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END"));
  EXPECT_THAT(run_.add("message", message("", false, "o")), IsEmpty());
  EXPECT_THAT(streamed(run_.finish()),
              ElementsAre(R"({"type":"RUN_FINISHED","threadId":"T","runId":"R","result":"At once."})"));
}

TEST_F(ARun, TellsCallsInFourEventsBehindTheMessageBeforeThem) {
  run_.add("message", message("I look", true));
  EXPECT_THAT(streamed(run_.add("tool", tool("calling", "null"))),
              ElementsAre(R"({"type":"TEXT_MESSAGE_END","messageId":"m"})",
                          R"({"type":"TOOL_CALL_START","toolCallId":"c","toolCallName":"search_web"})",
                          R"({"type":"TOOL_CALL_ARGS","toolCallId":"c","delta":"{\"query\":\"x\"}"})",
                          R"({"type":"TOOL_CALL_END","toolCallId":"c"})"));
  const auto called = run_.add("tool", tool("called", R"({"result":"5"})"));
  ASSERT_EQ(called.size(), 1U);
  EXPECT_EQ(called[0].messageId.size(), 36U);
  EXPECT_EQ(run_.inStream(called[0]), R"({"type":"TOOL_CALL_RESULT","messageId":")" + called[0].messageId +
                                          R"(","toolCallId":"c","content":"5","role":"tool"})");
}

TEST_F(ARun, HasEightMembersInEachEventOfItsList) {
  const auto with = [](const std::string& type, const std::string& rest) {
    return R"({"type":")" + type + R"(","run_id":"R",)" + rest + "}";
  };
  EXPECT_EQ(run_.inList(run_.begin()),
            with("RUN_STARTED",
                 R"("message_id":null,"delta":null,"tool_name":null,"result":null,"output":null,"error":null)"));
  EXPECT_THAT(
      listed(run_.add("tool", tool("calling", "null"))),
      ElementsAre(
          with("TOOL_CALL_START",
               R"("message_id":null,"delta":null,"tool_name":"search_web","result":null,"output":null,"error":null)"),
          with(
              "TOOL_CALL_ARGS",
              R"("message_id":null,"delta":"{\"query\":\"x\"}","tool_name":"search_web","result":null,"output":null,"error":null)"),
          with("TOOL_CALL_END",
               R"("message_id":null,"delta":null,"tool_name":"search_web","result":null,"output":null,"error":null)")));
  const auto called = run_.add("tool", tool("called", R"({"result":"5"})"));
  EXPECT_EQ(run_.inList(called[0]),
            with("TOOL_CALL_RESULT",
                 R"("message_id":")" + called[0].messageId +
                     R"(","delta":null,"tool_name":"search_web","result":"5","output":null,"error":null)"));
  EXPECT_THAT(
      listed(run_.add("message", message("Hi", false))),
      ElementsAre(with("TEXT_MESSAGE_START",
                       R"("message_id":"m","delta":null,"tool_name":null,"result":null,"output":null,"error":null)"),
                  with("TEXT_MESSAGE_CONTENT",
                       R"("message_id":"m","delta":"Hi","tool_name":null,"result":null,"output":null,"error":null)"),
                  with("TEXT_MESSAGE_END",
                       R"("message_id":"m","delta":null,"tool_name":null,"result":null,"output":null,"error":null)")));
  EXPECT_THAT(
      listed(run_.finish()),
      ElementsAre(with("RUN_FINISHED",
                       R"("message_id":null,"delta":null,"tool_name":null,"result":null,"output":"Hi","error":null)")));
}

TEST_F(ARun, HasNoOutputWhereNothingWasSaid) {
  EXPECT_THAT(listed(run_.finish()), ElementsAre(testing::HasSubstr(R"("output":"","error":null)")));
}

TEST_F(ARun, ClosesTheOpenMessageWhenItFails) {
  run_.add("message", message("So far", true));
  const auto failed = run_.fail("timeout", "too long");
  EXPECT_THAT(streamed(failed), ElementsAre(R"({"type":"TEXT_MESSAGE_END","messageId":"m"})",
                                            R"({"type":"RUN_ERROR","message":"too long","code":"timeout"})"));
  EXPECT_THAT(
      run_.inList(failed[1]),
      R"({"type":"RUN_ERROR","run_id":"R","message_id":null,"delta":null,"tool_name":null,"result":null,"output":null,"error":"too long"})");
  EXPECT_EQ(run_.output(), "So far");
}

TEST_F(ARun, IsToldNothingOfPlansTitlesAndUsers) {
  for (const auto& [kind, data] : std::vector<std::pair<std::string, std::string>>{
           {"title", R"({"title":"T"})"},
           {"plan", R"({"steps":[{"id":"1","status":"pending","description":"Look"}]})"},
           {"step", R"({"id":"1","status":"running","description":"Look"})"},
           {"message", R"({"role":"user","message":"Hi","stream_id":null,"partial":false})"},
           {"unheard-of", "{}"},
           {"message", "no JSON"}})
    EXPECT_THAT(run_.add(kind, data), IsEmpty()) << kind;
}

}  // namespace
}  // namespace agent
