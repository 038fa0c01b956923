// Against tests/peers/models_stand_in.py, over real HTTP.
#include "mortise/models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "json_reading.hpp"
#include "mortise/percent.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers/process.hpp"

namespace mortise::models {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using Cause = Error::Cause;

// The same for each wire, whole and streamed. One stand-in for all tests.
class Models : public testing::TestWithParam<Wire> {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::make_unique<peers::TempDirectory>("models");
    const auto log = directory_->path() + "/port";
    server_ = std::make_unique<peers::Process>(
        peers::Launch{{"/usr/bin/python3", MODELS_STAND_IN}, directory_->path(), false, log});
    std::string port;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (port.find('\n') == std::string::npos && std::chrono::steady_clock::now() < deadline && server_->running()) {
      std::this_thread::sleep_for(milliseconds(10));
      std::ostringstream text;
      text << std::ifstream(log).rdbuf();
      port = text.str();
    }
    url_ = "http://127.0.0.1:" + port.substr(0, port.find('\n'));
  }
  static void TearDownTestSuite() {
    server_.reset();
    directory_.reset();
  }
  void SetUp() override {
    control("clear");
    control("key?value=" + std::string(kKey));
  }

  static std::string control(const std::string& what) {
    HttpRequest request;
    request.url = url_ + "/control/" + what;
    return peers::CurlExchange::client().perform(request).body;
  }
  static void fault(const std::string& kind, const std::string& more = "") { control("fault?kind=" + kind + more); }

  // What was asked last, and with which headers.
  static rapidjson::Document asked() {
    rapidjson::Document out;
    EXPECT_TRUE(parseJson(control("questions"), out));
    rapidjson::Document last;
    if (out.Empty()) {
      ADD_FAILURE() << "nothing was asked";
      last.SetObject();
    } else {
      last.CopyFrom(out[out.Size() - 1], last.GetAllocator());
    }
    return last;
  }
  static std::size_t askedTimes() {
    rapidjson::Document out;
    EXPECT_TRUE(parseJson(control("questions"), out));
    return out.Size();
  }

  Endpoint endpoint() const {
    return {GetParam(), url_ + (GetParam() == Wire::generateContent ? "/v1beta" : "/v1"), kKey};
  }
  static Question question(std::vector<Message> messages = {system("Be brief."), user("Hello, world")}) {
    Question out;
    out.model = "judge-large";
    out.messages = std::move(messages);
    out.temperature = 0;
    out.timeout = milliseconds(20000);
    return out;
  }
  struct Streamed {
    Answer answer;
    std::vector<std::string> pieces;
  };
  Streamed stream(const Question& asked) const {
    Streamed out;
    out.answer = client_.stream(endpoint(), asked, [&](std::string_view piece) {
      out.pieces.emplace_back(piece);
      return true;
    });
    return out;
  }
  // Of the failure of a whole answer and of a streamed one, which must be one and the same; the fault is set for each.
  std::optional<Cause> causeOf(const std::string& kind, const std::string& more = "",
                               const Question& asked = question()) const {
    std::optional<Cause> whole, streamed;
    fault(kind, more);
    try {
      client_.ask(endpoint(), asked);
    } catch (const Error& error) {
      whole = error.cause();
      EXPECT_THAT(error.note() + error.details(), Not(HasSubstr(kKey)));
    }
    fault(kind, more);
    try {
      stream(asked);
    } catch (const Error& error) {
      streamed = error.cause();
      EXPECT_THAT(error.note() + error.details(), Not(HasSubstr(kKey)));
    }
    EXPECT_EQ(whole, streamed) << kind;
    return whole;
  }

  static constexpr const char* kKey = "sk-very-secret";
  static inline std::unique_ptr<peers::TempDirectory> directory_;
  static inline std::unique_ptr<peers::Process> server_;
  static inline std::string url_;
  Client client_{peers::CurlExchange::client()};
};
std::string nameOfWire(const testing::TestParamInfo<Wire>& given) {
  if (given.param == Wire::messages) return "messages";
  return given.param == Wire::generateContent ? "generateContent" : "chatCompletions";
}
INSTANTIATE_TEST_SUITE_P(Wires, Models, testing::Values(Wire::chatCompletions, Wire::messages, Wire::generateContent),
                         nameOfWire);

TEST_P(Models, AnswerWhole) {
  const auto answer = client_.ask(endpoint(), question());
  EXPECT_EQ(answer.text, "You said: Hello, world");
  EXPECT_TRUE(answer.toolCalls.empty());
  EXPECT_EQ(answer.ending, Ending::stop);
  EXPECT_EQ(answer.usage.inputTokens, 11);
  EXPECT_EQ(answer.usage.outputTokens, 7);
  EXPECT_FALSE(answer.model.empty());
}

TEST_P(Models, CountNoMoreTokensThanCanBeAdded) {
  const auto answers =
      R"([{"text":"a","usage":[9223372036854775807,9223372036854775807]},{"text":"b","usage":[-5,-9]}])";
  control("script?answers=" + percentEncoded(answers));
  auto usage = client_.ask(endpoint(), question()).usage;
  EXPECT_EQ(usage.inputTokens, 1'000'000'000);
  EXPECT_EQ(usage.outputTokens, 1'000'000'000);
  usage = client_.ask(endpoint(), question()).usage;
  EXPECT_EQ(usage.inputTokens, 0);
  EXPECT_EQ(usage.outputTokens, 0);
}

TEST_P(Models, AnswerInPieces) {
  const auto streamed = stream(question({user("a b c d")}));
  EXPECT_EQ(streamed.answer.text, "You said: a b c d");
  EXPECT_GE(streamed.pieces.size(), 5U);
  std::string joined;
  for (const auto& piece : streamed.pieces) joined += piece;
  EXPECT_EQ(joined, streamed.answer.text);
  EXPECT_EQ(streamed.answer.ending, Ending::stop);
  EXPECT_EQ(streamed.answer.usage.inputTokens, 11);
  EXPECT_EQ(streamed.answer.usage.outputTokens, 7);
  EXPECT_TRUE(asked()["streamed"].GetBool());
}

TEST_P(Models, CallFunctionsAndReadTheirResults) {
  control("call?name=look_up&arguments=%7B%22city%22%3A%22Z%C3%BCrich%22%2C%22days%22%3A%5B1%2C2%5D%7D");
  auto asking = question();
  asking.tools = {{"look_up", "The weather", R"({"type":"object","properties":{"city":{"type":"string"}}})"}};
  for (const auto& answer : {client_.ask(endpoint(), asking), stream(asking).answer}) {
    ASSERT_EQ(answer.toolCalls.size(), 1U);
    EXPECT_EQ(answer.ending, Ending::toolCalls);
    EXPECT_EQ(answer.toolCalls[0].name, "look_up");
    EXPECT_FALSE(answer.toolCalls[0].id.empty());
    rapidjson::Document arguments;
    ASSERT_TRUE(parseJson(answer.toolCalls[0].arguments, arguments)) << answer.toolCalls[0].arguments;
    EXPECT_EQ(textMember(arguments, "city"), "Zürich");
    EXPECT_EQ(arguments["days"].Size(), 2U);
  }
  const ToolCall call{"call_1", "look_up", R"({"city":"Bern"})"};
  control("say?text=Rain.");
  asking.messages = {user("Weather?"), assistant("", {call, {"call_2", "look_up", "not JSON"}}),
                     toolResult(call, "rain"), toolResult({"call_2", "look_up", ""}, "snow"), user("So?")};
  asking.toolChoice = ToolChoice::none;
  EXPECT_EQ(client_.ask(endpoint(), asking).text, "Rain.");
}

TEST_P(Models, GetTheSystemsWordsAndTextThatIsNoUtf8) {
  control("clear");
  EXPECT_EQ(client_.ask(endpoint(), question({system("One."), system("Two."), user("a\xff\xc3(\xed\xa0\x80z")})).text,
            "You said: a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz");
  const auto last = asked();
  EXPECT_THAT(toText(last["body"]), HasSubstr("One."));
  EXPECT_THAT(toText(last["body"]), HasSubstr("Two."));
}

TEST_P(Models, GetTheKeyInAHeaderOnly) {
  client_.ask(endpoint(), question());
  const auto last = asked();
  EXPECT_THAT(toText(last["headers"]), HasSubstr(kKey));
  EXPECT_THAT(toText(last["body"]), Not(HasSubstr(kKey)));
  auto wrong = endpoint();
  wrong.apiKey = "sk-another";
  try {
    client_.ask(wrong, question());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::denied);
    EXPECT_EQ(error.httpStatus(), 401);
    EXPECT_THAT(error.note(), Not(HasSubstr("sk-another")));
    EXPECT_EQ(error.status(), 502);
  }
}

TEST_P(Models, AreAskedAgainWhileTheyAreBusy) {
  for (const auto* status : {"429", "503", "529"}) {
    fault("status", std::string("&value=") + status + "&retry_after=0");
    fault("status", std::string("&value=") + status + "&retry_after=0");
    EXPECT_EQ(client_.ask(endpoint(), question()).text, "You said: Hello, world") << status;
    fault("status", std::string("&value=") + status + "&retry_after=0");
    EXPECT_EQ(stream(question()).answer.text, "You said: Hello, world") << status;
  }
}

TEST_P(Models, AreNotAskedForEver) {
  for (int i = 0; i < 3; ++i) fault("status", "&value=429&retry_after=0");
  try {
    client_.ask(endpoint(), question());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::busy);
    EXPECT_EQ(error.status(), 503);
    EXPECT_EQ(error.retryAfter(), 1);
  }
  EXPECT_EQ(askedTimes(), 0U);
  fault("status", "&value=429&retry_after=3600");  // longer than anybody waits
  try {
    client_.ask(endpoint(), question());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::busy);
    EXPECT_EQ(error.retryAfter(), 3600);
  }
}

TEST_P(Models, FailInWaysThatCanBeTold) {
  EXPECT_EQ(causeOf("status", "&value=400"), Cause::rejected);
  EXPECT_EQ(causeOf("status", "&value=404"), Cause::rejected);
  EXPECT_EQ(causeOf("status", "&value=403"), Cause::denied);
  EXPECT_EQ(causeOf("status", "&value=500"), Cause::unavailable);
  EXPECT_EQ(causeOf("redirect", "&value=" + url_ + "/v1/models"), Cause::rejected);
  EXPECT_EQ(causeOf("html"), Cause::unreadable);
  EXPECT_EQ(causeOf("nonsense"), Cause::unreadable);
  EXPECT_EQ(causeOf("not_the_shape"), Cause::unreadable);
  EXPECT_EQ(causeOf("error_in_200"), Cause::unreadable);
  auto small = question();
  small.maxAnswer = 100000;
  EXPECT_EQ(causeOf("endless", "", small), Cause::tooLarge);
  auto hasty = question();
  hasty.timeout = milliseconds(300);
  EXPECT_EQ(causeOf("hang", "", hasty), Cause::timedOut);
  EXPECT_EQ(causeOf("trickle", "&value=0.05", hasty), Cause::timedOut);
}

TEST_P(Models, TellThatAQuestionIsTooLong) { EXPECT_EQ(causeOf("too_long"), Cause::contextTooLong); }

TEST_P(Models, ThatRefuseTheFormOfAnAnswerAreAskedWithoutIt) {
  if (GetParam() != Wire::chatCompletions) GTEST_SKIP() << "the others are not told";
  auto asking = question();
  asking.jsonAnswer = true;
  client_.ask(endpoint(), asking);
  EXPECT_THAT(toText(asked()["body"]), HasSubstr(R"("response_format":{"type":"json_object"})"));
  control("unknown?value=response_format");
  EXPECT_EQ(client_.ask(endpoint(), asking).text, "You said: Hello, world");
  EXPECT_EQ(stream(asking).answer.text, "You said: Hello, world");
  EXPECT_THAT(toText(asked()["body"]), Not(HasSubstr("response_format")));
  control("unknown?value=tool_choice");
  asking.tools = {{"look_up", "The weather"}};
  asking.toolChoice = ToolChoice::none;
  EXPECT_EQ(stream(asking).answer.text, "You said: Hello, world");
  EXPECT_THAT(toText(asked()["body"]), Not(HasSubstr("tool")));
  // Once: what is refused without them, too, is refused.
  control("unknown?value=messages");
  const auto before = askedTimes();
  EXPECT_THROW(client_.ask(endpoint(), asking), Error);
  EXPECT_EQ(askedTimes(), before);
}

TEST_P(Models, GetTheOlderNameOfTheLimitWhereItIsAskedFor) {
  if (GetParam() != Wire::chatCompletions) GTEST_SKIP() << "the others have one name";
  auto asking = question();
  asking.olderLimit = true;
  asking.maxTokens = 77;
  client_.ask(endpoint(), asking);
  EXPECT_THAT(toText(asked()["body"]), HasSubstr(R"("max_tokens":77)"));
  EXPECT_THAT(toText(asked()["body"]), Not(HasSubstr("max_completion_tokens")));
}

TEST_P(Models, ReadTheirReasoningAgain) {
  if (GetParam() != Wire::chatCompletions) GTEST_SKIP();
  auto said = assistant("Hm.");
  said.reasoning = "first this";
  client_.ask(endpoint(), question({user("Hello"), said, user("Go on")}));
  EXPECT_THAT(toText(asked()["body"]), HasSubstr(R"("reasoning_content":"first this")"));
}

TEST_P(Models, WhoseStreamIsCutHaveNotAnswered) {
  for (const auto* kind : {"cut", "bad_event"}) {
    fault(kind);
    try {
      stream(question({user("one two three four five six seven")}));
      ADD_FAILURE() << kind;
    } catch (const Error& error) {
      EXPECT_EQ(error.cause(), Cause::unreadable) << kind;
    }
  }
}

TEST_P(Models, ThatDoNotStreamAnswerAllTheSame) {
  fault("no_stream");
  const auto streamed = stream(question());
  EXPECT_EQ(streamed.answer.text, "You said: Hello, world");
  EXPECT_EQ(streamed.pieces, std::vector<std::string>{"You said: Hello, world"});
}

TEST_P(Models, StopWhileTheServerIsSilent) {
  auto asking = question();
  int times = 0;
  asking.stopped = [&] { return ++times % 2 == 0; };
  EXPECT_EQ(causeOf("hang", "", asking), Cause::stopped);
}

TEST_P(Models, StopBetweenTwoTries) {
  auto asking = question();
  fault("status", "&value=503&retry_after=9");
  std::atomic<bool> refused{false};
  asking.stopped = [&] { return refused.load(); };
  asking.tries = 2;
  std::thread clicks([&] {
    std::this_thread::sleep_for(milliseconds(300));
    refused = true;
  });
  const auto before = std::chrono::steady_clock::now();
  try {
    client_.ask(endpoint(), asking);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::stopped);
  }
  clicks.join();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(8));
}

TEST_P(Models, StopWhenTheReceiverHasEnough) {
  int times = 0;
  try {
    client_.stream(endpoint(), question(), [&](std::string_view) { return ++times < 2; });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::stopped);
  }
  EXPECT_EQ(times, 2);
}

TEST_P(Models, ThatAreNotThereAreUnavailable) {
  auto nowhere = endpoint();
  nowhere.url = "http://127.0.0.1:1/v1";
  try {
    client_.ask(nowhere, question());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.cause(), Cause::unavailable);
    EXPECT_EQ(error.httpStatus(), 0);
  }
}

class ChatCompletions : public Models {};
INSTANTIATE_TEST_SUITE_P(Wire, ChatCompletions, testing::Values(Wire::chatCompletions));

TEST_P(ChatCompletions, TakeATemperatureOrAnEffort) {
  client_.ask(endpoint(), question());
  auto body = toText(asked()["body"]);
  EXPECT_THAT(body, HasSubstr(R"("temperature":0)"));
  EXPECT_THAT(body, HasSubstr(R"("max_completion_tokens":4096)"));
  EXPECT_THAT(body, Not(HasSubstr("reasoning_effort")));
  auto reasoning = question();
  reasoning.model = "o3-mini";
  client_.ask(endpoint(), reasoning);
  body = toText(asked()["body"]);
  EXPECT_THAT(body, Not(HasSubstr("temperature")));
  EXPECT_THAT(body, HasSubstr(R"("reasoning_effort":"medium")"));
}

TEST_P(ChatCompletions, ListTheirModelsWithOrWithoutTheVersion) {
  for (const auto* path : {"", "/v1"}) {
    const auto offers = client_.offers({Wire::chatCompletions, url_ + path, kKey}, milliseconds(5000));
    ASSERT_EQ(offers.size(), 2U) << path;
    EXPECT_EQ(offers[0].id, "judge-large");
    EXPECT_EQ(offers[0].ownedBy, "stand-in");
  }
  for (const auto* kind : {"html", "nonsense", "not_the_shape", "error_in_200"}) {
    fault(kind);
    EXPECT_THROW(client_.offers({Wire::chatCompletions, url_ + "/v1", kKey}, milliseconds(5000)), Error) << kind;
  }
}

}  // namespace
}  // namespace mortise::models
