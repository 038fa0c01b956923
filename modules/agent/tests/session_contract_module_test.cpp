// What the agent platform's contract says of sessions, row by row, where no other test has it: sections 3, 4 and 8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <mortise/characters.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "loopback_server_testing.hpp"
#include "sessions_testing.hpp"

namespace agent {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSubsetOf;
using testing::Not;
using testing::SizeIs;

const std::string kNoSteps = R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})";

std::set<std::string> membersOf(const rapidjson::Value& object) {
  std::set<std::string> out;
  for (const auto& member : object.GetObject()) out.insert(member.name.GetString());
  return out;
}

bool isUuid4(const std::string& text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
  return text.size() == kForm.size() && std::equal(text.begin(), text.end(), kForm.begin(), [](char c, char form) {
           if (form == '-' || form == '4') return c == form;
           constexpr std::string_view kDigits = "89ab0123cdef4567";
           return kDigits.substr(0, form == 'y' ? 4 : 16).find(c) != std::string_view::npos;
         });
}

class SessionContract : public Sessions {
 protected:
  // Messages of the agent, as they came: partial ones, too.
  static std::vector<Seen> said(const std::vector<Seen>& events) {
    std::vector<Seen> out;
    for (const auto& event : events) {
      if (event.kind == "message" && event.member("role") == "assistant") out.push_back(event);
    }
    return out;
  }
  // A plan without steps that says this.
  static std::string saying(const std::string& text) {
    return R"({"text":"{\"title\":\"T\",\"message\":\")" + text + R"(\",\"steps\":[]}"})";
  }
  // The id of a file that the user sent.
  std::string sentFile(const std::string& name, const std::string& text) const {
    const std::string form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
                             "\"\r\nContent-Type: text/plain\r\n\r\n" + text + "\r\n--b--\r\n";
    const auto sent = user_->request("POST", "/api/files", form, {"Content-Type: multipart/form-data; boundary=b"});
    EXPECT_EQ(sent.status, 200) << sent.body;
    return parsed(sent.body)["data"]["id"].GetString();
  }

  std::unique_ptr<Client> admin_;
};

TEST_F(SessionContract, TheBodyThatBeginsASessionIsIgnored) {
  begin();
  for (const auto* body : {"", "{}", R"({"title":7})", "[1]"}) {
    const auto answer = user_->post("/api/sessions", body);
    EXPECT_EQ(answer.status, 200) << body;
    EXPECT_EQ(membersOf(parsed(answer.body)["data"]), (std::set<std::string>{"session_id"}));
  }
}

TEST_F(SessionContract, ViewsHaveTheirMembersAndNoOthers) {
  begin();
  const auto id = create();
  EXPECT_TRUE(isUuid4(id)) << id;
  EXPECT_EQ(membersOf(item(id)), (std::set<std::string>{"session_id", "title", "latest_message", "latest_message_at",
                                                        "status", "unread_message_count"}));
  EXPECT_EQ(membersOf(parsed(user_->get(at(id)).body)["data"]),
            (std::set<std::string>{"session_id", "title", "status", "events"}));
  model_->script(script({kNoSteps}));
  say(id, "Go");
  const auto one = item(id);
  const std::string latest = one["latest_message_at"].GetString();
  EXPECT_TRUE(latest.ends_with('Z')) << latest;
  for (const auto* what : {"stop", "clear-unread-message-count", "delete"})
    EXPECT_TRUE(parsed(user_->post(at(id, what)).body)["data"].IsNull()) << what;
}

TEST_F(SessionContract, EventsHaveTheirMembersAndNoOthers) {
  begin();
  const auto id = create();
  const auto notify = call("message_notify_user", R"({"text":"On it"})");
  const auto search = call("search_web", R"({"query":"x"})");
  const auto question = call("message_ask_user", R"({"text":"Which?"})");
  model_->script(script({kPlan, notify, search, question}));
  auto events = say(id, "Go");
  model_->script(script({kStepDone, kNoMoreSteps, kSummary}));
  for (auto& event : say(id, "blue")) events.push_back(std::move(event));
  model_->fault("status", "&value=401");
  for (auto& event : say(id, "More")) events.push_back(std::move(event));
  const std::map<std::string, std::set<std::string>> expected{
      {"message", {"event_id", "created_at", "role", "message", "stream_id", "partial", "attachments"}},
      {"title", {"event_id", "created_at", "title"}},
      {"plan", {"event_id", "created_at", "steps"}},
      {"step", {"event_id", "created_at", "id", "status", "description"}},
      {"tool", {"event_id", "created_at", "tool_call_id", "name", "function", "args", "status", "content"}},
      {"wait", {"event_id", "created_at"}},
      {"done", {"event_id", "created_at"}},
      {"error", {"event_id", "created_at", "error"}}};
  std::set<std::string> seen;
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  for (const auto& event : events) {
    ASSERT_TRUE(expected.contains(event.kind)) << event.kind;
    seen.insert(event.kind);
    const auto data = event.read();
    EXPECT_EQ(membersOf(data), expected.at(event.kind)) << event.data;
    EXPECT_NEAR(static_cast<double>(data["created_at"].GetInt64()), static_cast<double>(now), 300) << "in seconds";
    if (event.member("status") == "calling") {
      EXPECT_TRUE(data["content"].IsNull()) << event.data;
    }
    if (event.kind == "plan") {
      for (const auto& step : data["steps"].GetArray()) EXPECT_EQ(membersOf(step), expected.at("step"));
    }
    if (event.kind != "message") continue;
    const bool isUsers = event.member("role") == "user";
    EXPECT_EQ(data["stream_id"].IsNull(), isUsers);
    EXPECT_FALSE(isUsers && event.isPartial());
  }
  EXPECT_THAT(seen, SizeIs(expected.size()));
  // A short text comes in one event.
  EXPECT_EQ(
      std::count_if(events.begin(), events.end(),
                    [](const Seen& event) { return event.kind == "message" && event.member("message") == "Which?"; }),
      1);
  // In the session they stand with their kinds.
  const auto kept = parsed(user_->get(at(id)).body);
  for (const auto& event : kept["data"]["events"].GetArray())
    EXPECT_EQ(membersOf(event), (std::set<std::string>{"event", "data"}));
}

TEST_F(SessionContract, MessagesGrowOnBordersOfCharacters) {
  begin();
  const auto id = create();
  std::string text;
  for (int i = 0; i < 60; ++i) text += i == 0 ? "你好😀" : " 你好😀";
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\")" + text + R"(\",\"steps\":[]}","pause":0.01})"}));
  std::size_t partials = 0;
  for (const auto& event : say(id, "Go")) {
    if (event.kind != "message" || event.member("role") != "assistant") continue;
    const auto said = event.member("message");
    EXPECT_TRUE(text.starts_with(said));
    // The next byte begins a character.
    EXPECT_TRUE(said.size() == text.size() || (static_cast<unsigned char>(text[said.size()]) & 0xC0U) != 0x80U);
    if (event.isPartial()) ++partials;
  }
  EXPECT_GE(partials, 2U);
}

TEST_F(SessionContract, MessagesGrowByTwentyFourCharacters) {
  begin();
  const auto id = create();
  const auto lengths = [&](int characters) {
    std::string text;
    for (int i = 0; i < characters; ++i) text += "ü";
    model_->script(script({saying(text)}));
    std::vector<std::size_t> out;
    std::string stream;
    for (const auto& event : said(say(id, "Go"))) {
      if (out.empty()) stream = event.member("stream_id");
      EXPECT_EQ(event.member("stream_id"), stream);
      out.push_back(event.member("message").size() / 2);
      EXPECT_EQ(event.isPartial(), static_cast<int>(out.back()) < characters) << "the last is whole, and no other";
    }
    return out;
  };
  // What a model says in one word comes in pieces all the same. A stream that is still catching up leaves some out.
  const auto comes = [&](const std::vector<std::size_t>& expected) {
    for (int i = 0; i < 20; ++i) {
      const auto seen = lengths(static_cast<int>(expected.back()));
      EXPECT_THAT(seen, IsSubsetOf(expected));
      if (seen == expected) return true;
    }
    return false;
  };
  EXPECT_THAT(lengths(24), ElementsAre(24U)) << "a short one is one event";
  EXPECT_TRUE(comes({24, 25}));
  EXPECT_TRUE(comes({24, 48, 60}));
  // What it says in words comes by as much at least, and no word waits for the next one.
  for (const std::string word : {"bcd ", "你好你好你好你好你 "}) {
    std::string words = "a ";
    for (int i = 0; i < 40; ++i) words += word;
    words += "z";
    model_->script(script({saying(words)}));
    std::size_t before = 0;
    std::string last;
    for (const auto& event : said(say(id, "Go"))) {
      last = event.member("message");
      const auto size = mortise::characterCount(last);
      if (event.isPartial()) {
        EXPECT_GE(size, before + 24);
        EXPECT_TRUE(last.ends_with(word)) << size;
      }
      before = size;
    }
    EXPECT_EQ(last, words);
  }
}

TEST_F(SessionContract, StreamsAreSentForClientsAndProxies) {
  begin();
  const auto id = create();
  model_->script(script({kNoSteps}));
  const auto answer = user_->request("POST", at(id, "chat"), R"({"message":"Go"})",
                                     {"Accept-Encoding: gzip, br", "Accept: text/event-stream"});
  EXPECT_EQ(answer.headers.at("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_THAT(answer.headers.at("cache-control"), HasSubstr("no-"));
  EXPECT_EQ(answer.headers.at("x-accel-buffering"), "no");
  EXPECT_FALSE(answer.headers.contains("content-encoding"));
  for (const auto& event : eventsIn(answer.body)) EXPECT_EQ(event.id, event.member("event_id"));
  // What is refused before the stream is no stream.
  for (const auto& refused : {chat("0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11", "{}"), chat(id, R"({"event_id":7})"),
                              harness_->as("agent.use").post(at(id, "chat"), R"({"message":"x"})"),
                              harness_->anonymous().post(at(id, "chat"), "{}")}) {
    EXPECT_THAT(refused.status, testing::AnyOf(401, 403, 404, 422));
    EXPECT_THAT(refused.headers.at("content-type"), HasSubstr("application/json"));
    EXPECT_EQ(parsed(refused.body)["code"].GetInt(), refused.status);
  }
  EXPECT_THAT(detail(id), SizeIs(6)) << "and nothing is kept of it in the session";
}

TEST_F(SessionContract, RefusalsOfSessionsAreEnvelopes) {
  begin();
  const auto id = create();
  const auto other = harness_->as("agent.use");
  const auto admin = harness_->admin();
  const std::vector<std::tuple<std::string, std::string, std::string>> operations{
      {"GET", "", ""},
      {"POST", "chat", "{}"},
      {"POST", "stop", ""},
      {"POST", "clear-unread-message-count", ""},
      {"POST", "delete", ""},
      {"GET", "files", ""},
      {"POST", "file", R"({"filepath":"/a"})"},
      {"POST", "shell", R"({"session_id":"a"})"}};
  for (const auto& [method, what, body] : operations) {
    const auto unknown = user_->request(method, at("0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11", what), body);
    EXPECT_EQ(unknown.status, 404) << what;
    EXPECT_EQ(unknown.body, R"({"code":404,"msg":"会话不存在","data":{}})") << what;
    const auto foreign = other.request(method, at(id, what), body);
    EXPECT_EQ(foreign.status, 403) << what;
    EXPECT_EQ(foreign.body, R"({"code":403,"msg":"该会话属于其他用户","data":{}})") << what;
    const auto anonymous = harness_->anonymous().request(method, at(id, what), body);
    EXPECT_EQ(anonymous.status, 401) << what;
    EXPECT_EQ(parsed(anonymous.body)["code"].GetInt(), 401) << what;
    EXPECT_EQ(textOf(parsed(anonymous.body)["data"]), "{}") << what;
  }
  // Administrators get to it; that there is no box is another matter.
  const std::string noBox = R"({"code":404,"msg":"该会话没有沙箱","data":{}})";
  EXPECT_EQ(admin.post(at(id, "file"), R"({"filepath":"/a"})").body, noBox);
  EXPECT_EQ(admin.post(at(id, "shell"), R"({"session_id":"a"})").body, noBox);
  for (const auto& answer : {user_->get("/api/sessions?scope=all"), user_->post("/api/sessions/stream?scope=all")}) {
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.body, R"({"code":403,"msg":"只有管理员可以查看所有人的会话","data":{}})");
  }
}

TEST_F(SessionContract, ACursorOfNothingMeansNowWhileATaskRuns) {
  begin();
  const auto id = create();
  model_->fault("hang");
  std::thread stream([&] { say(id, "One"); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  EXPECT_STREQ(item(id)["latest_message"].GetString(), "One");
  EXPECT_FALSE(item(id)["latest_message_at"].IsNull());
  std::vector<std::vector<Seen>> seen(3);
  std::vector<std::thread> others;
  const std::vector<std::string> bodies{R"({"event_id":"nonsense"})", R"({"event_id":"99999999999999-0"})", "{}"};
  for (std::size_t i = 0; i < bodies.size(); ++i)
    others.emplace_back([&, i] { seen[i] = eventsIn(chat(id, bodies[i]).body); });
  EXPECT_TRUE(waitFor([&] { return hasMetric("mortise_agent_streams_open 4"); }));
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  stream.join();
  for (auto& other : others) other.join();
  EXPECT_THAT(kindsOf(seen[0]), ElementsAre("done")) << "nothing old";
  EXPECT_THAT(kindsOf(seen[1]), ElementsAre("done")) << "nothing old";
  EXPECT_THAT(kindsOf(seen[2]), ElementsAre("message:user", "done")) << "without a cursor: the whole task";
}

TEST_F(SessionContract, WhatOthersDoStaysUnreadUntilTheOwnerLooks) {
  begin();
  const auto id = create();
  model_->script(script({kPlan, kStepDone, kNoMoreSteps, kSummary}));
  const auto admin = harness_->admin();
  EXPECT_EQ(eventsIn(admin.post(at(id, "chat"), R"({"message":"Go"})").body).back().kind, "done");
  EXPECT_EQ(item(id)["unread_message_count"].GetInt(), 3) << "the plan's reply, the step's result and the summary";
  EXPECT_EQ(admin.post(at(id, "chat"), "{}").status, 200);
  EXPECT_EQ(item(id)["unread_message_count"].GetInt(), 3);
  EXPECT_EQ(chat(id, "{}").status, 200);
  EXPECT_EQ(item(id)["unread_message_count"].GetInt(), 0);
}

TEST_F(SessionContract, TimesOfMessagesAreInSecondsOrMilliseconds) {
  begin();
  const auto id = create();
  const auto createdAt = [&](const std::string& timestamp) {
    model_->script(script({kNoSteps}));
    return eventsIn(chat(id, R"({"message":"x","timestamp":)" + timestamp + "}").body)
        .at(0)
        .read()["created_at"]
        .GetInt64();
  };
  const auto now = static_cast<double>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  EXPECT_EQ(createdAt("1700000000"), 1700000000);
  EXPECT_EQ(createdAt("99999999999"), 99999999999) << "the last that is in seconds";
  EXPECT_EQ(createdAt("100000000000"), 100000000);
  for (const auto* none : {"0", "null", "-5"}) EXPECT_NEAR(static_cast<double>(createdAt(none)), now, 300) << none;
}

TEST_F(SessionContract, MessagesHaveSoManyCharacters) {
  begin();
  const auto id = create();
  std::string most;
  for (int i = 0; i < 64000; ++i) most += "ü";
  model_->script(script({kNoSteps}));
  EXPECT_EQ(chat(id, R"({"message":")" + most + "\"}").status, 200);
  const auto refused = chat(id, R"({"message":")" + most + "x\"}");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.field, "body/message");
  EXPECT_EQ(chat(id, R"({"message":")" + std::string(2 << 20, 'x') + "\"}").status, 413);
}

TEST_F(SessionContract, AStopOfWhatNeverRanCompletesIt) {
  begin();
  const auto id = create();
  EXPECT_EQ(status(id), "pending");
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  EXPECT_EQ(status(id), "completed");
  EXPECT_THAT(kindsOf(detail(id)), ElementsAre("done"));
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  EXPECT_THAT(detail(id), SizeIs(1));
}

TEST_F(SessionContract, QueuedMessagesAreRoundsOfTheirOwn) {
  begin();
  const auto id = create();
  model_->fault("status", "&value=429&retry_after=3");  // the time in which the others come
  model_->script(script({kNoSteps, kNoSteps, kNoSteps}));
  std::vector<Seen> first;
  std::thread stream([&] { first = stored(say(id, "One")); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  std::thread second([&] { say(id, "Two"); });
  EXPECT_TRUE(waitFor([&] { return detail(id).size() >= 2; }));
  std::thread third([&] { say(id, "Three"); });
  for (auto* thread : {&stream, &second, &third}) thread->join();
  std::vector<std::string> asked;
  const auto questions = parsed(model_->questions());
  for (const auto& question : questions.GetArray()) {
    const auto& messages = question["body"]["messages"];
    asked.push_back(messages[messages.Size() - 1]["content"].GetString());
  }
  ASSERT_THAT(asked, SizeIs(3));
  EXPECT_THAT(asked[0], HasSubstr("One"));
  EXPECT_THAT(asked[1], HasSubstr("Two"));
  EXPECT_THAT(asked[2], HasSubstr("Three"));
  const auto kinds = kindsOf(first);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "done"), 1);
}

TEST_F(SessionContract, ThePlannerGetsNoToolsAndAnswersInJson) {
  begin({{"agent.model_api_key", "sk-operator"}});
  const auto id = create();
  model_->script(
      script({kPlan, call("message_notify_user", R"({"text":"On it"})"), kStepDone, kNoMoreSteps, kSummary}));
  say(id, "Go");
  const auto questions = parsed(model_->questions());
  ASSERT_EQ(questions.Size(), 5U);
  for (const auto& question : questions.GetArray()) {
    EXPECT_STREQ(question["wire"].GetString(), "openai");
    EXPECT_STREQ(question["headers"]["authorization"].GetString(), "Bearer sk-operator");
    EXPECT_STREQ(question["body"]["messages"][0]["role"].GetString(), "system");
  }
  const auto has = [&](rapidjson::SizeType number, const char* member) {
    return questions[number]["body"].HasMember(member);
  };
  for (const rapidjson::SizeType number : {0U, 3U, 4U}) {
    EXPECT_TRUE(has(number, "response_format")) << number;
    EXPECT_FALSE(has(number, "tools")) << number;
  }
  // Of a step the first call is for JSON, and all have tools.
  EXPECT_TRUE(has(1, "response_format"));
  EXPECT_FALSE(has(2, "response_format"));
  EXPECT_TRUE(has(1, "tools") && has(2, "tools"));
  const auto& body = questions[1]["body"];
  EXPECT_STREQ(body["model"].GetString(), "judge-large");
  EXPECT_DOUBLE_EQ(body["temperature"].GetDouble(), 0.7);
  EXPECT_EQ(body["max_tokens"].GetInt(), 8192);
  // The step, and what it needs of the plan.
  const auto& step = body["messages"][body["messages"].Size() - 1];
  EXPECT_STREQ(step["role"].GetString(), "user");
  EXPECT_THAT(step["content"].GetString(),
              AllOf(HasSubstr("Carry out this step:\nLook"), HasSubstr("The user's message:\nGo"),
                    HasSubstr("Attached files: none"), HasSubstr("the user reads: en")));
  // {success, message, data} is what it gets of a tool.
  const auto& messages = questions[2]["body"]["messages"];
  const auto& last = messages[messages.Size() - 1];
  EXPECT_STREQ(last["role"].GetString(), "tool");
  EXPECT_TRUE(last.HasMember("tool_call_id"));
  EXPECT_EQ(membersOf(parsed(last["content"].GetString())), (std::set<std::string>{"success", "message", "data"}));
}

TEST_F(SessionContract, ATurnHasOneCall) {
  begin();
  const auto id = create();
  const std::string three =
      R"({"calls":[{"name":"message_notify_user","arguments":{"text":"a"}},{"name":"message_notify_user","arguments":{"text":"b"}},{"name":"fly","arguments":{}}]})";
  model_->script(script({kPlan, three, kStepDone, kNoMoreSteps, kSummary}));
  const auto events = stored(say(id, "Go"));
  const auto kinds = kindsOf(events);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "tool:called"), 1);
  EXPECT_EQ(kinds.back(), "done");
}

TEST_F(SessionContract, ModelsAreTriedAsOftenAsIsSetUp) {
  begin();
  ASSERT_EQ(harness_->admin().post("/api/app-config/agent", R"({"max_retries":2})").status, 200);
  const auto id = create();
  const auto failsAs = [&](const std::string& text) {
    const auto events = stored(say(id, "Go"));
    EXPECT_THAT(kindsOf(events), ElementsAre("message:user", "error"));
    EXPECT_EQ(events.back().member("error"), "调用语言模型失败: " + text);
  };
  const std::string empty = R"({"text":" "})";
  model_->fault("status", "&value=500");
  model_->script(script({saying("m")}));
  EXPECT_EQ(say(id, "Go").back().kind, "done") << "the second try";
  for (int i = 0; i < 2; ++i) model_->fault("status", "&value=500");
  failsAs("无法连接模型服务");
  model_->script(script({empty, empty}));
  failsAs("模型没有回答");
  // One that is busy says how long to wait.
  model_->script(script({saying("m")}));
  model_->fault("status", "&value=429&retry_after=3");
  const auto before = Clock::now();
  EXPECT_EQ(say(id, "Go").back().kind, "done");
  EXPECT_GE(Clock::now() - before, std::chrono::seconds(3));
}

TEST_F(SessionContract, ModelsHaveSoLongForAnAnswer) {
  begin({{"agent.model_timeout", "1s"}});
  ASSERT_EQ(harness_->admin().post("/api/app-config/agent", R"({"max_retries":2})").status, 200);
  for (int i = 0; i < 2; ++i) model_->fault("hang");
  EXPECT_EQ(say(create(), "Go").back().member("error"), "调用语言模型失败: 模型服务超时");
}

TEST_F(SessionContract, LongConversationsAreSummarizedWhereTheGuardIsOn) {
  begin();
  const auto admin = harness_->admin();
  const auto asksForSummaries = [&](const std::string& config) {
    EXPECT_EQ(admin.post("/api/app-config/llm", config).status, 200);
    model_->clear();
    const auto id = create();
    for (int i = 0; i < 4; ++i) {
      model_->script(script({saying("m"), saying("m")}));  // one more, in place of a summary
      EXPECT_EQ(say(id, std::string(900, 'x')).back().kind, "done");
    }
    return model_->questions().find("Summarize the conversation below") != std::string::npos;
  };
  const std::string window = R"({"context_window":1600,"token_estimator":"char","reserved_output_tokens":0)";
  EXPECT_FALSE(asksForSummaries(window + "}"));
  EXPECT_TRUE(asksForSummaries(window + R"(,"context_overflow_guard_enabled":true,"soft_trigger_ratio":0.5})"));
}

TEST_F(SessionContract, QuestionsThatAreTooLongAreRepeatedAsOftenAsIsSetUp) {
  begin();
  const auto admin = harness_->admin();
  const auto id = create();
  for (const int cap : {0, 1, 3}) {
    ASSERT_EQ(admin.post("/api/app-config/llm", R"({"overflow_retry_cap":)" + std::to_string(cap) + "}").status, 200);
    for (int i = 0; i <= cap; ++i) model_->fault("too_long");
    const auto events = stored(say(id, "Go"));
    EXPECT_THAT(kindsOf(events), ElementsAre("message:user", "error")) << cap;
    EXPECT_EQ(events.back().member("error"), "调用语言模型失败: 对话超出模型的上下文长度");
    for (int i = 0; i < cap; ++i) model_->fault("too_long");
    model_->script(script({saying("m")}));
    EXPECT_EQ(say(id, "Go").back().kind, "done") << cap;
  }
}

TEST_F(SessionContract, PrivateAddressesAreTheOperatorsToOpen) {
  begin({{"http_client.allow_private", "false"}});
  EXPECT_EQ(say(create(), "Go").back().member("error"), "调用语言模型失败: 不允许连接模型地址");
}

TEST_F(SessionContract, SearchesBringAsManyResultsAsAreSetUp) {
  std::string head;
  testing_peers::LoopbackServer search([&](int fd) {
    head = testing_peers::readUntil(fd, "\r\n\r\n");
    std::string list;
    for (int i = 0; i < 5; ++i)
      list += std::string(i == 0 ? "" : ",") + R"({"url":"https://x.example/)" + std::to_string(i) +
              R"(","title":"T","content":"S"})";
    testing_peers::answerWith(fd, R"({"results":[)" + list + "]}");
  });
  begin({{"agent.search_provider", "searxng"},
         {"agent.search_url", "http://" + search.listed()},
         {"agent.search_api_key", "sk-search"}});
  ASSERT_EQ(harness_->admin().post("/api/app-config/agent", R"({"max_search_results":2})").status, 200);
  const auto id = create();
  model_->script(script(
      {kPlan, call("search_web", R"({"query":"tea","date_range":"past_week"})"), kStepDone, kNoMoreSteps, kSummary}));
  std::string content;
  for (const auto& event : say(id, "Go")) {
    if (event.kind == "tool" && event.member("status") == "called") content = textOf(event.read()["content"]);
  }
  EXPECT_EQ(
      content,
      R"({"results":[{"url":"https://x.example/0","title":"T","snippet":"S"},{"url":"https://x.example/1","title":"T","snippet":"S"}]})");
  EXPECT_THAT(head, AllOf(HasSubstr("GET /search?q=tea&format=json&time_range=week"), HasSubstr("Bearer sk-search")));
}

TEST_F(SessionContract, ServersThatAUserSwitchedOffAreNotOffered) {
  begin({{"agent.mcp_trusted", "clock"}});
  // A program that answers what opens it, and what asks for its tools.
  const auto program =
      std::string(
          R"(read line; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"supportedVersions\":[\"2026-07-28\"]}}';)") +
      R"(read line; echo '{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"now\"}]}}'; read line)";
  const auto admin = harness_->admin();
  ASSERT_EQ(admin
                .post("/api/app-config/mcp-servers",
                      R"({"mcpServers":{"clock":{"command":"sh","args":["-c",")" + program + R"("]}}})")
                .status,
            200);
  const auto isOffered = [&] {
    model_->clear();
    model_->script(script({kPlan, kStepDone, kNoMoreSteps, kSummary}));
    say(create(), "Go");
    return model_->questions().find("mcp_clock_now") != std::string::npos;
  };
  EXPECT_TRUE(isOffered());
  ASSERT_EQ(user_->post("/api/user/tools/mcp/clock/enabled", R"({"enabled":false})").status, 200);
  EXPECT_FALSE(isOffered());
  ASSERT_EQ(user_->post("/api/user/tools/mcp/clock/enabled", R"({"enabled":true})").status, 200);
  EXPECT_TRUE(isOffered());
  ASSERT_EQ(admin.post("/api/app-config/mcp-servers/clock/enabled", R"({"enabled":false})").status, 200);
  EXPECT_FALSE(isOffered());
}

TEST_F(SessionContract, ChangesOfTheModelAreForTasksThatStartAfterwards) {
  begin();
  const auto id = create();
  model_->fault("status", "&value=429&retry_after=2");
  model_->script(script({kNoSteps, kNoSteps}));
  std::thread stream([&] { say(id, "One"); });
  // The task has its model: it asked it once.
  EXPECT_TRUE(waitFor([&] { return hasMetric(R"(mortise_agent_model_calls_total{outcome="failed"} 1)"); }));
  ASSERT_EQ(harness_->admin().post("/api/app-config/llm", R"({"model_name":"judge-small"})").status, 200);
  stream.join();
  say(id, "Two");
  std::vector<std::string> models;
  const auto questions = parsed(model_->questions());
  for (const auto& question : questions.GetArray()) models.push_back(question["body"]["model"].GetString());
  ASSERT_THAT(models, Not(IsEmpty()));
  EXPECT_EQ(models.front(), "judge-large");
  EXPECT_EQ(models.back(), "judge-small");
}

TEST_F(SessionContract, UploadsOfUsersOutliveTheSession) {
  begin();
  const auto id = create();
  const auto file = sentFile("notes.txt", "hello");
  model_->script(script({kNoSteps}));
  EXPECT_EQ(chat(id, R"({"message":"Look","attachments":[")" + file + "\"]}").status, 200);
  EXPECT_EQ(user_->post(at(id, "delete")).status, 200);
  EXPECT_EQ(user_->get("/api/files/" + file).status, 200);
}

TEST_F(SessionContract, AdministratorsAttachAnybodysFilesAnywhere) {
  begin();
  const auto id = create();
  const auto file = sentFile("notes.txt", "hello");
  model_->script(script({kNoSteps}));
  const auto admin = harness_->admin();
  const auto theirs = parsed(admin.post("/api/sessions", "{}").body);
  const std::string other = theirs["data"]["session_id"].GetString();
  EXPECT_EQ(admin.post(at(other, "chat"), R"({"message":"Look","attachments":[")" + file + "\"]}").status, 200);
}

// The bucket of each route, by using it up.
TEST_F(SessionContract, RoutesTakeFromTheirBuckets) {
  using Routes = std::vector<std::pair<std::string, std::string>>;
  const std::string id = "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11";  // nobody's: what fails counts, too
  const std::map<std::string, std::pair<int, Routes>> buckets{{"read",
                                                               {120,
                                                                {{"GET", "/api/sessions"},
                                                                 {"POST", "/api/sessions/stream"},
                                                                 {"GET", at(id)},
                                                                 {"GET", at(id, "files")},
                                                                 {"POST", at(id, "file")},
                                                                 {"POST", at(id, "shell")},
                                                                 {"GET", "/api/files/" + id + "/download"},
                                                                 {"GET", "/api/files/" + id}}}},
                                                              {"write",
                                                               {60,
                                                                {{"POST", "/api/sessions"},
                                                                 {"POST", at(id, "stop")},
                                                                 {"POST", at(id, "clear-unread-message-count")},
                                                                 {"POST", at(id, "delete")},
                                                                 {"POST", at(id, "takeover")},
                                                                 {"POST", "/api/files"},
                                                                 {"DELETE", "/api/files/" + id}}}},
                                                              {"chat", {60, {{"POST", at(id, "chat")}}}}};
  for (const auto& [bucket, rule] : buckets) {
    begin({}, true);
    const auto& [limit, routes] = rule;
    // The window may end on the way, once.
    const auto useUp = [&, bucket = bucket, limit = limit, &path = routes.back()] {
      for (int i = 0; i < 2 * limit + 2; ++i) {
        if (user_->request(path.first, path.second, path.first == "POST" ? "{}" : "").status == 429) return;
      }
      FAIL() << bucket << " has no limit";
    };
    for (const auto& [method, path] : routes) {
      const auto ask = [&, &method = method, &path = path] {
        useUp();
        return user_->request(method, path, method == "POST" ? "{}" : "");
      };
      auto refused = ask();
      if (refused.status != 429) refused = ask();
      EXPECT_EQ(refused.status, 429) << method << " " << path;
      const auto body = parsed(refused.body);
      EXPECT_STREQ(body["msg"].GetString(), "请求过多，请稍后重试");
      EXPECT_EQ(body["code"].GetInt(), 429);
      const auto& data = body["data"];
      EXPECT_EQ(membersOf(data), (std::set<std::string>{"retry_after", "limit", "window_seconds", "bucket"}));
      EXPECT_EQ(data["bucket"].GetString(), bucket) << method << " " << path;
      EXPECT_EQ(data["limit"].GetInt(), limit);
      EXPECT_EQ(data["window_seconds"].GetInt(), 60);
      EXPECT_EQ(std::to_string(data["retry_after"].GetInt()), refused.headers.at("retry-after"));
    }
    // The others have their own.
    for (const auto& [other, theirs] : buckets) {
      if (other == bucket) continue;
      const auto& [method, path] = theirs.second.back();
      EXPECT_NE(user_->request(method, path, method == "POST" ? "{}" : "").status, 429) << bucket << " / " << path;
    }
  }
}

TEST_F(SessionContract, ConfigurationHasTwiceAsMuch) {
  begin({}, true);
  const std::map<std::string, std::pair<int, std::vector<std::string>>> buckets{
      {"GET",
       {240,
        {"/api/app-config/llm", "/api/app-config/agent", "/api/app-config/mcp-servers", "/api/app-config/a2a-servers",
         "/api/user/tools/mcp", "/api/user/tools/a2a"}}},
      {"POST",
       {120,
        {"/api/app-config/llm", "/api/app-config/agent", "/api/app-config/mcp-servers", "/api/app-config/a2a-servers",
         "/api/app-config/mcp-servers/x/enabled", "/api/app-config/mcp-servers/x/delete",
         "/api/app-config/a2a-servers/x/enabled", "/api/app-config/a2a-servers/x/delete",
         "/api/user/tools/mcp/x/enabled", "/api/user/tools/a2a/x/enabled"}}}};
  for (const auto& [method, rule] : buckets) {
    const auto& [limit, routes] = rule;
    for (const auto& path : routes) {
      // Those of one kind share a bucket: it is used up, unless its window ended meanwhile.
      const auto admin =
          path == routes.front() || path == "/api/user/tools/mcp" || path == "/api/user/tools/mcp/x/enabled"
              ? (admin_ = std::make_unique<Client>(harness_->admin())).get()
              : admin_.get();
      const std::string body = method == "POST" ? "{}" : "";
      Answer refused;
      for (int i = 0; i < 2 * limit + 2 && refused.status != 429; ++i) refused = admin->request(method, path, body);
      EXPECT_EQ(refused.status, 429) << method << " " << path;
      const auto read = parsed(refused.body);
      const auto& data = read["data"];
      EXPECT_STREQ(data["bucket"].GetString(), method == "POST" ? "write" : "read") << path;
      EXPECT_EQ(data["limit"].GetInt(), limit) << path;
      EXPECT_EQ(data["window_seconds"].GetInt(), 60) << path;
    }
  }
}

// What a session has in a box, as its user sees it.
class SessionContractInBoxes : public SessionsInBoxes {
 protected:
  void run(const std::string& id, std::vector<std::string> calls) const {
    calls.insert(calls.begin(), kPlan);
    for (const auto& after : {kStepDone, kNoMoreSteps, kSummary}) calls.push_back(after);
    model_->script(script(calls));
    EXPECT_EQ(say(id, "Go").back().kind, "done");
  }
  Answer file(const std::string& id, const std::string& path) const {
    return user_->post(at(id, "file"), R"({"filepath":")" + path + "\"}");
  }
};

TEST_F(SessionContractInBoxes, FilesAreReadAsTextAndNothingElse) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  EXPECT_EQ(file(id, "/home/ubuntu/x").status, 404) << "there is no box yet";
  const std::string make =
      R"(printf 'a%.0s' $(seq 10001) > long; printf '\\000\\001' > binary; echo no > closed; chmod 000 closed; ln -s /etc/passwd link; echo text > text)";
  run(id, {call("shell_execute", R"({"session_id":"a","exec_dir":"/home/ubuntu","command":")" + make + "\"}")});
  const auto content = [&](const std::string& path) {
    const auto answer = file(id, path);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto read = parsed(answer.body);
    EXPECT_EQ(membersOf(read["data"]), (std::set<std::string>{"filepath", "content"}));
    return std::string(read["data"]["content"].GetString());
  };
  EXPECT_EQ(content("/home/ubuntu/text"), "text\n");
  const auto cut = content("/home/ubuntu/long");
  EXPECT_EQ(cut, std::string(10000, 'a') + "(truncated)");
  EXPECT_EQ(file(id, "/home/ubuntu/none").status, 404);
  EXPECT_EQ(file(id, "/home/ubuntu/closed").status, 403);
  EXPECT_EQ(file(id, "/home/ubuntu").status, 422) << "a directory";
  EXPECT_EQ(file(id, "/home/ubuntu/binary").status, 422);
  // A link leads to the box's own file.
  EXPECT_THAT(file(id, "/home/ubuntu/link").body, Not(HasSubstr("root:x:0:0:root:/root")));
  EXPECT_EQ(user_->post(at(id, "file"), R"({"filepath":7})").status, 422);
}

TEST_F(SessionContractInBoxes, FilesOfTheAgentAreListedOnceAndGoWithTheSession) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto write = [](const std::string& text) {
    return call("write_file", R"({"filepath":"/home/ubuntu/report.txt","content":")" + text + "\"}");
  };
  run(id, {write("one"), write("two"), call("read_file", R"({"filepath":"/home/ubuntu/report.txt"})")});
  const auto files = parsed(user_->get(at(id, "files")).body);
  const auto& list = files["data"]["files"];
  ASSERT_EQ(list.Size(), 1U) << textOf(list);
  EXPECT_EQ(membersOf(list[0]),
            (std::set<std::string>{"id", "filename", "filepath", "key", "extension", "mime_type", "size", "user_id"}));
  EXPECT_STREQ(list[0]["filepath"].GetString(), "/home/ubuntu/report.txt");
  EXPECT_STREQ(list[0]["extension"].GetString(), ".txt");
  const std::string path = "/api/files/" + std::string(list[0]["id"].GetString());
  EXPECT_EQ(user_->get(path + "/download").body, "two");
  EXPECT_EQ(user_->post(at(id, "delete")).status, 200);
  EXPECT_EQ(user_->get(path).status, 404);
}

TEST_F(SessionContractInBoxes, FilesThatTheAgentNamesComeWithItsMessages) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto home = [](const std::string& name) { return "/home/ubuntu/" + name; };
  const std::string make = "for f in step sum ask list more; do echo $f > $f.md; done";
  const std::string words(60, 'w');
  model_->script(
      script({kPlan, call("shell_execute", R"({"session_id":"a","exec_dir":"/home/ubuntu","command":")" + make + "\"}"),
              call("message_ask_user", R"({"text":"One?","attachments":")" + home("ask.md") + "\"}")}));
  auto events = say(id, "Go");
  model_->script(script({call("message_ask_user", R"({"text":"Many?","attachments":[")" + home("list.md") + R"(",")" +
                                                      home("more.md") + "\"]}")}));
  for (auto& event : say(id, "yes")) events.push_back(std::move(event));
  const auto outcome = [&](const std::string& member, const std::string& file, const std::string& other) {
    return R"({"text":"{\"success\":true,\")" + member + R"(\":\")" + words + R"(\",\"attachments\":[\")" + home(file) +
           R"(\",\")" + home(other) + R"(\"]}"})";
  };
  model_->script(script({outcome("result", "step.md", "none"), kNoMoreSteps, outcome("message", "sum.md", "step.md")}));
  for (auto& event : say(id, "yes")) events.push_back(std::move(event));
  std::vector<std::string> files;
  for (const auto& event : events) {
    if (event.kind != "message" || event.member("role") != "assistant") continue;
    const auto read = event.read();
    std::string names;
    for (const auto& file : read["attachments"].GetArray()) {
      EXPECT_EQ(membersOf(file), (std::set<std::string>{"id", "filename", "filepath", "key", "extension", "mime_type",
                                                        "size", "user_id"}));
      EXPECT_EQ(user_->get("/api/files/" + std::string(file["id"].GetString())).status, 200);
      EXPECT_EQ(std::string(file["filepath"].GetString()), home(file["filename"].GetString()));
      names += (names.empty() ? "" : " ") + std::string(file["filename"].GetString());
    }
    if (event.isPartial()) {
      EXPECT_EQ(names, "") << "only the whole message has them";
    } else {
      files.push_back(names);
    }
  }
  EXPECT_THAT(files, ElementsAre("", "ask.md", "list.md more.md", "step.md", "sum.md step.md"));
  const auto listed = user_->get(at(id, "files")).body;
  for (const auto* name : {"ask.md", "list.md", "step.md", "sum.md"}) EXPECT_THAT(listed, HasSubstr(home(name)));
}

TEST_F(SessionContractInBoxes, AnUploadThatTheAgentNamesIsCopiedForTheSessionsOwner) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto admin = harness_->admin();
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"notes.md\"\r\n\r\nhello\r\n--b--\r\n";
  const auto sent =
      parsed(admin.request("POST", "/api/files", form, {"Content-Type: multipart/form-data; boundary=b"}).body);
  const std::string theirs = sent["data"]["id"].GetString();
  const std::string names =
      R"({"text":"{\"message\":\"Here it is.\",\"attachments\":[\"/home/ubuntu/upload/notes.md\"]}"})";
  model_->script(script({kPlan, kStepDone, kNoMoreSteps, names}));
  const auto answer = admin.post(at(id, "chat"), R"({"message":"Look","attachments":[")" + theirs + "\"]}");
  ASSERT_EQ(answer.status, 200) << answer.body;
  std::vector<std::string> attached;
  for (const auto& event : stored(eventsIn(answer.body))) {
    if (event.kind != "message" || event.member("role") != "assistant") continue;
    const auto read = event.read();
    for (const auto& file : read["attachments"].GetArray()) attached.emplace_back(file["id"].GetString());
  }
  ASSERT_EQ(attached.size(), 1U) << answer.body;
  EXPECT_NE(attached[0], theirs);
  EXPECT_EQ(user_->get("/api/files/" + theirs).status, 403);
  EXPECT_EQ(user_->get("/api/files/" + attached[0]).status, 200);
}

TEST_F(SessionContractInBoxes, AStopLeavesTheBox) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  model_->script(script({kPlan, call("write_file", R"({"filepath":"/home/ubuntu/kept","content":"kept"})"),
                         R"({"text":"one two three four five six seven eight nine ten","pause":1})"}));
  std::thread stream([&] { say(id, "Go"); });
  EXPECT_TRUE(waitFor([&] { return file(id, "/home/ubuntu/kept").status == 200; }));
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  stream.join();
  EXPECT_EQ(status(id), "completed");
  EXPECT_THAT(file(id, "/home/ubuntu/kept").body, HasSubstr(R"("content":"kept")"));
}

TEST_F(SessionContractInBoxes, UploadsComeIntoTheBoxUnderNamesOfTheirOwn) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  std::string attachments;
  for (const auto* text : {"one", "two"}) {
    const std::string form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b;$(x).txt\"\r\n\r\n" +
                             std::string(text) + "\r\n--b--\r\n";
    const auto sent =
        parsed(user_->request("POST", "/api/files", form, {"Content-Type: multipart/form-data; boundary=b"}).body);
    attachments += (attachments.empty() ? "\"" : ",\"") + std::string(sent["data"]["id"].GetString()) + "\"";
  }
  model_->script(script(
      {kPlan,
       call(
           "shell_execute",
           R"({"session_id":"a","exec_dir":"/home/ubuntu/upload","command":"for f in *; do echo $f = $(cat \"$f\"); done"})"),
       kStepDone, kNoMoreSteps, kSummary}));
  const auto events = eventsIn(chat(id, R"({"message":"Look","attachments":[)" + attachments + "]}").body);
  EXPECT_THAT(contentOfCall(events), AllOf(HasSubstr("a b__(x).txt = one"), HasSubstr("a b__(x)_1.txt = two")));
  EXPECT_THAT(model_->questions(), HasSubstr("/home/ubuntu/upload/a b__(x)_1.txt"))
      << "the model knows them by their paths";
  EXPECT_THAT(user_->get(at(id, "files")).body, AllOf(HasSubstr(R"("filepath":"/home/ubuntu/upload/a b__(x).txt")"),
                                                      HasSubstr(R"("filepath":"/home/ubuntu/upload/a b__(x)_1.txt")")));
}

TEST_F(SessionContractInBoxes, ShellsAreShownWithTheirCommands) {
  beginInBoxes();
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto execute = [](const std::string& command) {
    return call("shell_execute", R"({"session_id":"main","exec_dir":"/tmp","command":")" + command + "\"}");
  };
  run(id, {execute("printf '\\\\033[31mred\\\\033[0m'"), execute("echo two")});
  const auto read = parsed(user_->post(at(id, "shell"), R"({"session_id":"main"})").body);
  const auto& data = read["data"];
  EXPECT_EQ(membersOf(data), (std::set<std::string>{"session_id", "output", "console_records"}));
  ASSERT_EQ(data["console_records"].Size(), 2U);
  EXPECT_EQ(membersOf(data["console_records"][0]), (std::set<std::string>{"ps1", "command", "output"}));
  EXPECT_STREQ(data["console_records"][0]["output"].GetString(), "red");
  EXPECT_STREQ(data["console_records"][1]["command"].GetString(), "echo two");
  EXPECT_EQ(user_->post(at(id, "shell"), R"({"session_id":"other"})").status, 404);
}

// The runtime's agent-chats: section 6 of its contract.
class ChatContract : public Sessions {
 protected:
  Answer post(const std::string& body, const std::vector<std::string>& headers = {}) const {
    return user_->request("POST", kPath, body, headers);
  }
  static constexpr const char* kPath = "/api/v1/agent-chats";

  rapidjson::Document ask(const std::string& body) const {
    const auto answer = post(body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return parsed(answer.body);
  }
};

TEST_F(ChatContract, RefusalsAreProblems) {
  begin();
  const auto anonymous = harness_->anonymous().post(kPath, R"({"message":"Hi"})");
  EXPECT_EQ(anonymous.status, 401);
  EXPECT_EQ(anonymous.code, "not_authenticated");
  EXPECT_EQ(anonymous.headers.at("www-authenticate"), "Bearer");
  const std::vector<std::pair<std::string, std::string>> rows{{"{}", "#/message"},
                                                              {R"({"message":""})", "#/message"},
                                                              {R"({"message":" \n"})", "#/message"},
                                                              {R"({"message":null})", "#/message"},
                                                              {R"({"message":"x","session_id":"x"})", "#/session_id"},
                                                              {R"({"message":"x","session_id":7})", "#/session_id"}};
  for (const auto* accept : {"Accept: application/json", "Accept: text/event-stream"}) {
    for (const auto& [body, pointer] : rows) {
      const auto refused = post(body, {accept});
      EXPECT_EQ(refused.status, 422) << body;
      EXPECT_EQ(refused.headers.at("content-type"), "application/problem+json") << "a refusal is no stream";
      const auto read = parsed(refused.body);
      EXPECT_STREQ(read["code"].GetString(), "validation_failed");
      EXPECT_EQ(read["status"].GetInt(), 422);
      EXPECT_STREQ(read["errors"][0]["pointer"].GetString(), pointer.c_str()) << body;
    }
  }
  // Tools of the client are none of ours.
  const auto tools = post(
      R"({"threadId":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11","messages":[{"role":"user","content":"x"}],"tools":[{"name":"a"}]})",
      {"Accept: text/event-stream"});
  EXPECT_EQ(tools.status, 422);
  EXPECT_EQ(tools.field, "body/tools");
}

TEST_F(ChatContract, AUserHasTwentyRunsAMinute) {
  begin({}, true);
  const std::string body = R"({"message":"Hi","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})";
  std::vector<int> statuses;
  Answer last;
  const auto before = Clock::now();
  for (int i = 0; i < 21; ++i) statuses.push_back((last = post(body)).status);
  if (Clock::now() - before > std::chrono::seconds(55)) GTEST_SKIP() << "too slow: the minute is over";
  EXPECT_THAT(std::vector<int>(statuses.begin(), statuses.end() - 1), Each(200));
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.code, "rate_limited");
  EXPECT_EQ(last.headers.at("content-type"), "application/problem+json");
  const auto read = parsed(last.body);
  EXPECT_GE(read["retry_after"].GetInt(), 1);
  EXPECT_EQ(std::to_string(read["retry_after"].GetInt()), last.headers.at("retry-after"));
}

TEST_F(ChatContract, AUserHasFiveRunsAtOnceEachInAThreadOfItsOwn) {
  begin({{"agent.tasks_per_user", "9"}}, true);
  for (int i = 0; i < 5; ++i) model_->fault("hang");
  const auto thread = [](int number) { return "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a1" + std::to_string(number); };
  std::vector<std::thread> clients;
  for (int i = 0; i < 5; ++i)
    clients.emplace_back([&, i] { post(R"({"message":"Hi","session_id":")" + thread(i) + "\"}"); });
  EXPECT_TRUE(waitFor([&] { return hasMetric("mortise_agent_tasks_running 5"); })) << "they run beside each other";
  const auto refused = post(R"({"message":"Hi"})");
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(refused.code, "rate_limited");
  EXPECT_GE(parsed(refused.body)["retry_after"].GetInt(), 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(user_->del(std::string(kPath) + "/" + thread(i)).status, 204);
  for (auto& client : clients) client.join();
  model_->clear();
  EXPECT_EQ(post(R"({"message":"Hi"})").status, 200) << "and the places are free again";
}

TEST_F(ChatContract, RunsThatCallToolsForEverFailWithinTheRun) {
  begin();
  ASSERT_EQ(harness_->admin().post("/api/app-config/agent", R"({"max_iterations":1})").status, 200);
  const auto notify = [](const std::string& text) {
    return R"({"text":"I say )" + text + R"(.","calls":[{"name":"message_notify_user","arguments":{"text":")" + text +
           "\"}}]}";
  };
  model_->script(script({notify("a"), notify("b")}));
  const auto read = ask(R"({"message":"Hi"})");
  const auto& last = read["events"][read["events"].Size() - 1];
  EXPECT_STREQ(last["type"].GetString(), "RUN_ERROR");
  EXPECT_STREQ(last["error"].GetString(), "已达到最大迭代次数 1");
}

TEST_F(ChatContract, ResultsAreTextOrCompactJson) {
  testing_peers::LoopbackServer search([](int fd) {
    testing_peers::readUntil(fd, "\r\n\r\n");
    testing_peers::answerWith(fd, R"({"results": [ {"url": "https://x.example/", "title": "T", "content": "S"} ]})");
  });
  begin({{"agent.search_provider", "searxng"}, {"agent.search_url", "http://" + search.listed()}});
  model_->script(script(
      {call("search_web", R"({"query":"x"})"), call("message_notify_user", R"({"text":"a"})"), R"({"text":"ok"})"}));
  std::vector<std::string> results;
  const auto read = ask(R"({"message":"Hi"})");
  for (const auto& event : read["events"].GetArray()) {
    if (event["type"] == "TOOL_CALL_RESULT") results.emplace_back(event["result"].GetString());
  }
  EXPECT_THAT(results, ElementsAre(R"([{"url":"https://x.example/","title":"T","snippet":"S"}])", "Continue"));
}

TEST_F(ChatContract, EventsOfARunBelongTogether) {
  begin();
  const auto search = call("info_search_web", R"({"query":"x"})");
  model_->script(script({search, search, R"({"text":"one two three four five six seven eight","pause":0.01})"}));
  const auto read = ask(R"({"message":"Hi"})");
  EXPECT_EQ(membersOf(read), (std::set<std::string>{"session_id", "output", "events"}));
  std::set<std::string> runs, messages, ended;
  std::string open, call, said;
  for (const auto& event : read["events"].GetArray()) {
    EXPECT_EQ(membersOf(event), (std::set<std::string>{"type", "run_id", "message_id", "delta", "tool_name", "result",
                                                       "output", "error"}));
    runs.insert(event["run_id"].GetString());
    const std::string type = event["type"].GetString();
    EXPECT_THAT((std::set<std::string>{"RUN_STARTED", "RUN_FINISHED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT",
                                       "TEXT_MESSAGE_END", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END",
                                       "TOOL_CALL_RESULT"}),
                Contains(type));
    if (type.starts_with("TOOL_CALL")) {
      EXPECT_TRUE(open.empty()) << "a call lies in no message";
      EXPECT_STREQ(event["tool_name"].GetString(), "search_web");
      const std::map<std::string, std::string> before{{"TOOL_CALL_START", ""},
                                                      {"TOOL_CALL_ARGS", "TOOL_CALL_START"},
                                                      {"TOOL_CALL_END", "TOOL_CALL_ARGS"},
                                                      {"TOOL_CALL_RESULT", "TOOL_CALL_END"}};
      EXPECT_EQ(call, before.at(type));
      call = type == "TOOL_CALL_RESULT" ? "" : type;
      const bool isNew = type != "TOOL_CALL_RESULT" || messages.insert(event["message_id"].GetString()).second;
      EXPECT_TRUE(isNew) << "a result has an id of its own";
    } else if (type.starts_with("TEXT_MESSAGE")) {
      EXPECT_TRUE(call.empty()) << "a message lies in no call";
      const std::string message = event["message_id"].GetString();
      if (type == "TEXT_MESSAGE_START") {
        EXPECT_TRUE(messages.insert(message).second);
        open = message;
      }
      EXPECT_EQ(open, message);
      if (type == "TEXT_MESSAGE_CONTENT") {
        EXPECT_GT(event["delta"].GetStringLength(), 0U);
        said += event["delta"].GetString();
      }
      if (type == "TEXT_MESSAGE_END") open.clear();
    }
  }
  EXPECT_THAT(runs, SizeIs(1));
  EXPECT_TRUE(isUuid4(*runs.begin())) << *runs.begin();
  for (const auto& message : messages) EXPECT_TRUE(isUuid4(message)) << message;
  EXPECT_TRUE(isUuid4(read["session_id"].GetString()));
  EXPECT_EQ(said, "one two three four five six seven eight");
  EXPECT_EQ(said, read["output"].GetString());
  EXPECT_STREQ(read["events"][0]["type"].GetString(), "RUN_STARTED");
  EXPECT_STREQ(read["events"][read["events"].Size() - 1]["type"].GetString(), "RUN_FINISHED");
}

TEST_F(ChatContract, MessagesHaveSoManyCharactersAndKeepTheirSpace) {
  begin();
  std::string most;
  for (int i = 0; i < 8000; ++i) most += "ü";
  model_->script(script({R"({"text":"ok"})", R"({"text":"ok"})"}));
  ask(R"({"message":")" + most + "\"}");
  ask(R"({"message":"  hi  ","session_id":null})");
  EXPECT_THAT(model_->questions(), HasSubstr("\"  hi  \""));
}

TEST_F(ChatContract, LongResultsAreCut) {
  begin({{"agent.mcp_trusted", "clock"}});
  const auto answer = [](int id, const std::string& result) {
    return R"(read line; echo '{\"jsonrpc\":\"2.0\",\"id\":)" + std::to_string(id) + R"(,\"result\":)" + result + "}';";
  };
  const auto program =
      answer(1, R"({\"supportedVersions\":[\"2026-07-28\"]})") + answer(2, R"({\"tools\":[{\"name\":\"now\"}]})") +
      answer(3, R"({\"content\":[{\"type\":\"text\",\"text\":\"'$(head -c 20000 /dev/zero | tr '\\0' x)'\"}]})") +
      "read line";
  ASSERT_EQ(harness_->admin()
                .post("/api/app-config/mcp-servers",
                      R"({"mcpServers":{"clock":{"command":"sh","args":["-c",")" + program + R"("]}}})")
                .status,
            200);
  model_->script(script({call("mcp_clock_now", "{}"), R"({"text":"ok"})"}));
  const auto read = ask(R"({"message":"Hi"})");
  EXPECT_EQ(std::string(read["events"][4]["result"].GetString()), std::string(16000, 'x') + "…(truncated)");
}

TEST_F(ChatContract, RunsEndSoonWhenTheirClientLeaves) {
  begin();
  const std::string body = R"({"message":"Hi","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})";
  std::string words;
  for (int i = 0; i < 60; ++i) words += "word ";
  for (const auto* accept : {"application/json", "text/event-stream"}) {
    model_->clear();
    const std::string first =
        R"({"text":"I look first.","calls":[{"name":"message_notify_user","arguments":{"text":"a"}}]})";
    model_->script(script({first, R"({"text":")" + words + R"(","pause":0.5})"}));
    {
      // A client that sends its request and leaves once the model was asked.
      const auto leaving = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto address = user_->address();
      sockaddr_in place{};
      place.sin_family = AF_INET;
      place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      place.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
      ASSERT_EQ(connect(leaving, reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
      testing_peers::say(leaving, "POST /api/v1/agent-chats HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " +
                                      user_->token() + "\r\nAccept: " + accept +
                                      "\r\nContent-Type: application/json\r\nContent-Length: " +
                                      std::to_string(body.size()) + "\r\n\r\n" + body);
      EXPECT_TRUE(waitFor([&] { return model_->questions().find("I look first.") != std::string::npos; }));
      EXPECT_EQ(post(body).status, 409) << "it runs";
      close(leaving);
    }
    const auto left = Clock::now();
    model_->script(script({R"({"text":"ok"})"}));
    EXPECT_TRUE(waitFor([&] { return post(body).status == 200; }));
    RecordProperty("seconds_until_free", std::to_string(std::chrono::duration<double>(Clock::now() - left).count()));
    // What was said whole is remembered, and nothing else of the answer.
    const auto questions = parsed(model_->questions());
    const auto last = textOf(questions[questions.Size() - 1]["body"]["messages"]);
    EXPECT_THAT(last, AllOf(HasSubstr(R"("Hi")"), HasSubstr("I look first."), Not(HasSubstr("word word"))));
  }
}

}  // namespace
}  // namespace agent
