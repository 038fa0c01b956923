// What the agent platform's contract says of sessions, row by row, where no other test has it: sections 3, 4 and 8.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <thread>
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
using testing::Not;
using testing::SizeIs;

const std::string kNoSteps = R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})";

std::set<std::string> membersOf(const rapidjson::Value& object) {
  std::set<std::string> out;
  for (const auto& member : object.GetObject()) out.insert(member.name.GetString());
  return out;
}

class SessionContract : public Sessions {
 protected:
  // The id of a file that the user sent.
  std::string sentFile(const std::string& name, const std::string& text) const {
    const std::string form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name +
                             "\"\r\nContent-Type: text/plain\r\n\r\n" + text + "\r\n--b--\r\n";
    const auto sent = user_->request("POST", "/api/files", form, {"Content-Type: multipart/form-data; boundary=b"});
    EXPECT_EQ(sent.status, 200) << sent.body;
    return parsed(sent.body)["data"]["id"].GetString();
  }
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
  const auto question = call("message_ask_user", R"({"text":"Which?"})");
  model_->script(script({kPlan, notify, question}));
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
  begin();
  const auto id = create();
  model_->script(
      script({kPlan, call("message_notify_user", R"({"text":"On it"})"), kStepDone, kNoMoreSteps, kSummary}));
  say(id, "Go");
  const auto questions = parsed(model_->questions());
  ASSERT_EQ(questions.Size(), 5U);
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
  EXPECT_TRUE(
      waitFor([&] { return model_->questions().find("judge-large") != std::string::npos || status(id) == "running"; }));
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
                                                                 {"GET", "/api/files/" + id}}}},
                                                              {"write",
                                                               {60,
                                                                {{"POST", "/api/sessions"},
                                                                 {"POST", at(id, "stop")},
                                                                 {"POST", at(id, "clear-unread-message-count")},
                                                                 {"POST", at(id, "delete")},
                                                                 {"DELETE", "/api/files/" + id}}}},
                                                              {"chat", {60, {{"POST", at(id, "chat")}}}}};
  for (const auto& [bucket, rule] : buckets) {
    begin({}, true);
    const auto& [limit, routes] = rule;
    // The window may end on the way, once.
    const auto useUp = [&, limit = limit, &path = routes.back()] {
      for (int i = 0; i < 2 * limit + 2; ++i) {
        if (user_->request(path.first, path.second, path.first == "POST" ? "{}" : "").status == 429) return;
      }
      FAIL() << bucket << " has no limit";
    };
    for (const auto& [method, path] : routes) {
      useUp();
      const auto refused = user_->request(method, path, method == "POST" ? "{}" : "");
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
  rapidjson::Document ask(const std::string& body) const {
    const auto answer = user_->post("/api/v1/agent-chats", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return parsed(answer.body);
  }
};

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
    model_->script(script({R"({"text":")" + words + R"(","pause":0.5})"}));
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
      EXPECT_TRUE(waitFor([&] { return model_->questions().find("\"Hi\"") != std::string::npos; }));
      EXPECT_EQ(user_->post("/api/v1/agent-chats", body).status, 409) << "it runs";
      close(leaving);
    }
    const auto left = Clock::now();
    model_->script(script({R"({"text":"ok"})"}));
    EXPECT_TRUE(waitFor([&] { return user_->post("/api/v1/agent-chats", body).status == 200; }));
    EXPECT_LT(Clock::now() - left, std::chrono::seconds(6)) << accept;
  }
}

}  // namespace
}  // namespace agent
