// Sessions in a kernel, with a model that follows a script.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <rapidjson/document.h>
#include <mortise/testing/module_harness.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loopback_server_testing.hpp"
#include "peers_testing.hpp"
#include "sessions_testing.hpp"

namespace agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(Sessions, AreListedAndReadByTheirOwnersAndAdministrators) {
  begin();
  const auto id = create();
  const auto one = item(id);
  EXPECT_STREQ(one["title"].GetString(), "新对话");
  EXPECT_STREQ(one["status"].GetString(), "pending");
  EXPECT_TRUE(one["latest_message_at"].IsNull());
  EXPECT_EQ(one["unread_message_count"].GetInt(), 0);
  EXPECT_EQ(textOf(parsed(user_->get(at(id)).body)["data"]["events"]), "[]");

  const auto other = harness_->as("agent.use");
  const auto admin = harness_->admin();
  const std::vector<std::pair<std::string, std::string>> all{{"GET", ""},        {"POST", "chat"},
                                                             {"POST", "stop"},   {"POST", "clear-unread-message-count"},
                                                             {"POST", "delete"}, {"GET", "files"}};
  for (const auto& [method, what] : all) {
    EXPECT_EQ(other.request(method, at(id, what)).status, 403) << what;
    EXPECT_EQ(user_->request(method, at("0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11", what)).status, 404) << what;
    EXPECT_EQ(user_->request(method, at("nonsense", what)).status, 404) << what;
    const bool ownerOnly = what == "delete" || what == "clear-unread-message-count";
    EXPECT_EQ(admin.request(method, at(id, what)).status, ownerOnly ? 403 : 200) << what;
  }
  EXPECT_EQ(other.post(at(id, "file"), R"({"filepath":"/a"})").status, 403);
  EXPECT_EQ(other.post(at(id, "shell"), R"({"session_id":"a"})").status, 403);
  EXPECT_EQ(user_->get("/api/sessions?scope=all").status, 403);
  EXPECT_THAT(admin.get("/api/sessions?scope=all").body, HasSubstr(id));
  EXPECT_THAT(admin.get("/api/sessions").body, Not(HasSubstr(id)));
}

TEST_F(Sessions, AreStoppedByAdministratorsOnRecord) {
  begin();
  const auto admin = harness_->admin();
  const auto stopsOnRecord = [&](const std::string& id) {
    const auto trail = admin.get("/api/v1/admin/audit-log?target=agent_session:" + id).body;
    int count = 0;
    for (auto at = trail.find("agent.task_stopped"); at != std::string::npos;
         at = trail.find("agent.task_stopped", at + 1))
      ++count;
    return count;
  };
  const auto own = create(), foreign = create();
  EXPECT_EQ(user_->post(at(own, "stop")).status, 200);
  EXPECT_EQ(stopsOnRecord(own), 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(admin.post(at(foreign, "stop")).status, 200);
    EXPECT_EQ(status(foreign), "completed");
    EXPECT_EQ(stopsOnRecord(foreign), 1) << "the second time there is nothing to stop";
  }
}

TEST_F(Sessions, HaveNoBoxWithoutADriver) {
  begin();
  const auto id = create();
  for (const auto& answer :
       {user_->post(at(id, "file"), R"({"filepath":"/a"})"), user_->post(at(id, "shell"), R"({"session_id":"a"})")}) {
    EXPECT_EQ(answer.status, 404);
    EXPECT_THAT(answer.body, HasSubstr("\"code\":404"));
  }
  EXPECT_EQ(user_->post(at(id, "file"), "{}").status, 422);
  EXPECT_EQ(textOf(parsed(user_->get(at(id, "files")).body)["data"]["files"]), "[]");
}

TEST_F(Sessions, UseTheToolsOfMcpServers) {
  begin({{"agent.mcp_trusted", "clock"}});
  // A program that answers three requests in the newer form.
  const auto answer = [](int id, const std::string& result) {
    return R"(read line; echo '{\"jsonrpc\":\"2.0\",\"id\":)" + std::to_string(id) + R"(,\"result\":)" + result + "}';";
  };
  const std::string schema =
      R"({\"type\":\"object\",\"properties\":{\"zone\":{\"type\":\"string\"}},\"required\":[\"zone\"]})";
  const auto program = answer(1, R"({\"supportedVersions\":[\"2026-07-28\"]})") +
                       answer(2, R"({\"tools\":[{\"name\":\"now\",\"inputSchema\":)" + schema + "}]}") +
                       answer(3, R"({\"content\":[{\"type\":\"text\",\"text\":\"half past six\"}]})") + "read line";
  const auto added = harness_->admin().post(
      "/api/app-config/mcp-servers", R"({"mcpServers":{"clock":{"command":"sh","args":["-c",")" + program + R"("]}}})");
  ASSERT_EQ(added.status, 200) << added.body;
  const auto id = create();
  model_->script(script({kPlan, call("mcp_clock_now", R"({"zone":"CET"})"), kStepDone, kNoMoreSteps, kSummary}));
  const auto events = stored(say(id, "What time is it?"));
  ASSERT_THAT(kindsOf(events), testing::IsSupersetOf({"tool:calling", "tool:called"}));
  for (const auto& event : events) {
    if (event.kind != "tool" || event.member("status") != "called") continue;
    EXPECT_EQ(event.member("name"), "mcp");
    EXPECT_EQ(event.member("function"), "mcp_clock_now");
    EXPECT_EQ(textOf(event.read()["content"]), R"({"result":"half past six"})");
  }
  // The model was offered the tool, with its own schema, and got what it gave back.
  std::string parameters;
  const auto questions = parsed(model_->questions());
  for (const auto& tool : questions[1]["body"]["tools"].GetArray()) {
    if (tool["function"]["name"] == "mcp_clock_now") parameters = textOf(tool["function"]["parameters"]);
  }
  EXPECT_EQ(parameters, R"({"type":"object","properties":{"zone":{"type":"string"}},"required":["zone"]})");
  EXPECT_THAT(model_->questions(), HasSubstr("[clock] "));
  EXPECT_THAT(model_->questions(), HasSubstr("half past six"));
}

TEST_F(SessionsInBoxes, UseTheNetworkThatTheOperatorGives) {
  testing_peers::LoopbackServer mirror(testing_peers::showHead);
  beginInBoxes({{"agent.sandbox_egress", "proxy"},
                {"agent.sandbox_egress_allow", "example.com, *.example.org"},
                {"agent.sandbox_egress_addresses", mirror.listed()}});
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto id = create();
  const auto command = "curl -sS --noproxy '' http://" + mirror.listed() +
                       "/package; curl -s -o /dev/null -w %{http_code} http://other.test/";
  model_->script(script(
      {kPlan, call("shell_execute", R"({"session_id":"a","exec_dir":"/home/ubuntu","command":")" + command + "\"}"),
       kStepDone, kNoMoreSteps, kSummary}));
  EXPECT_THAT(contentOfCall(stored(say(id, "Fetch it"))), AllOf(HasSubstr("GET /package HTTP/1.1"), HasSubstr("403")));
  const auto metrics = harness_->admin().get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("mortise_agent_egress_connections_total{outcome=\"done\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("mortise_agent_egress_connections_total{outcome=\"denied\"} 1\n"));
}

TEST_F(SessionsInBoxes, AreNotServedWithPatternsThatAreNone) {
  const auto refusal = [this](ModuleHarness::Options options) -> std::string {
    try {
      beginInBoxes(std::move(options));
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(refusal({{"agent.sandbox_egress", "proxy"}, {"agent.sandbox_egress_allow", "http://example.com"}}),
              HasSubstr("agent.sandbox_egress_allow: \"http://example.com\" is no pattern of hosts"));
  EXPECT_THAT(refusal({{"agent.sandbox_egress", "proxy"}, {"agent.sandbox_egress_addresses", "10.0.0.1"}}),
              HasSubstr("agent.sandbox_egress_addresses: \"10.0.0.1\" is no address with a port"));
  EXPECT_THAT(refusal({{"agent.mcp_trusted", "files="}}), HasSubstr("agent.mcp_trusted: \"files=\" is no program"));
}

TEST_F(SessionsInBoxes, StartTheProgramsOfMcpServersInBoxes) {
  // Trusted with another command than the one that is set up.
  beginInBoxes({{"agent.mcp_trusted", "clock=/usr/bin/clock"}});
  if (!hasBoxes()) GTEST_SKIP() << "no boxes can be made here";
  const auto answer = [](int id, const std::string& result) {
    return R"(read line; echo '{\"jsonrpc\":\"2.0\",\"id\":)" + std::to_string(id) + R"(,\"result\":)" + result + "}';";
  };
  const auto program = answer(1, R"({\"supportedVersions\":[\"2026-07-28\"]})") +
                       answer(2, R"({\"tools\":[{\"name\":\"now\"}]})") +
                       answer(3, R"({\"content\":[{\"type\":\"text\",\"text\":\"'$(hostname)'\"}]})") + "read line";
  const auto admin = harness_->admin();
  const auto added = admin.post("/api/app-config/mcp-servers",
                                R"({"mcpServers":{"clock":{"command":"sh","args":["-c",")" + program + R"("]}}})");
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_THAT(admin.get("/api/app-config/mcp-servers").body, HasSubstr("\"now\""));
  const auto id = create();
  model_->script(script({kPlan, call("mcp_clock_now", "{}"), kStepDone, kNoMoreSteps, kSummary}));
  EXPECT_EQ(contentOfCall(stored(say(id, "Where are you?"))), R"({"result":"sandbox"})");
  EXPECT_TRUE(
      waitFor([&] { return admin.get("/metrics").body.find("mortise_agent_mcp_children 0\n") != std::string::npos; }));
}

TEST_F(Sessions, OfferTheToolsThatAnMcpServerHasSinceTheLastCall) {
  begin({{"agent.mcp_trusted", "clock"}});
  const auto answer = [](int id, const std::string& result) {
    return R"(read line; echo '{\"jsonrpc\":\"2.0\",\"id\":)" + std::to_string(id) + R"(,\"result\":)" + result + "}';";
  };
  const std::string done = R"({\"content\":[{\"type\":\"text\",\"text\":\"done\"}]})";
  const auto program =
      answer(1, R"({\"supportedVersions\":[\"2026-07-28\"]})") + answer(2, R"({\"tools\":[{\"name\":\"unlock\"}]})") +
      R"(read line; echo '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}';)" +
      R"(echo '{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":)" + done + "}';" +
      answer(4, R"({\"tools\":[{\"name\":\"unlock\"},{\"name\":\"strike\"}]})") + answer(5, done) + "read line";
  const auto added = harness_->admin().post(
      "/api/app-config/mcp-servers", R"({"mcpServers":{"clock":{"command":"sh","args":["-c",")" + program + R"("]}}})");
  ASSERT_EQ(added.status, 200) << added.body;
  model_->script(script(
      {kPlan, call("mcp_clock_unlock", "{}"), call("mcp_clock_strike", "{}"), kStepDone, kNoMoreSteps, kSummary}));
  const auto kinds = kindsOf(stored(say(create(), "Strike")));
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "tool:called"), 2);
  EXPECT_THAT(model_->questions(), Not(HasSubstr("unknown tool")));
}

TEST_F(Sessions, AskRemoteAgents) {
  if (!hasNodePeers()) GTEST_SKIP() << "tools/peers is not installed; ./dev setup --tests does it";
  const auto peer = nodePeer("a2a_agent.mjs", {"1.0"});
  begin();
  const auto admin = harness_->admin();
  const auto added = admin.post("/api/app-config/a2a-servers", R"({"base_url":")" + peer->at() + R"("})");
  ASSERT_EQ(added.status, 200) << added.body;
  const auto listed = parsed(admin.get("/api/app-config/a2a-servers").body);
  const std::string agent = listed["data"]["a2a_servers"][0]["id"].GetString();
  const auto id = create();
  model_->script(script({kPlan, call("call_remote_agent", R"({"id":")" + agent + R"(","query":"hi there"})"), kStepDone,
                         kNoMoreSteps, kSummary}));
  const auto events = stored(say(id, "Ask the other one"));
  ASSERT_THAT(kindsOf(events), testing::IsSupersetOf({"tool:calling", "tool:called"}));
  for (const auto& event : events) {
    if (event.kind != "tool" || event.member("status") != "called") continue;
    EXPECT_EQ(event.member("name"), "a2a");
    EXPECT_EQ(event.member("function"), "call_remote_agent");
    EXPECT_THAT(textOf(event.read()["content"]), HasSubstr("echo: hi there"));
  }
  EXPECT_THAT(model_->questions(), HasSubstr("echo: hi there"));
}

TEST_F(Sessions, PlanActAndSummarize) {
  begin();
  const auto id = create();
  model_->script(
      script({kPlan, call("message_notify_user", R"({"text":"On it"})"), kStepDone, kNoMoreSteps, kSummary}));
  const auto events = say(id, "A day in Paris");
  const auto whole = stored(events);
  EXPECT_THAT(kindsOf(whole), ElementsAre("message:user", "title", "message:assistant", "plan", "step:running",
                                          "tool:calling", "tool:called", "step:completed", "message:assistant", "plan",
                                          "message:assistant", "plan", "done"));
  for (std::size_t i = 1; i < events.size(); ++i) {
    const auto number = [](const std::string& text) {
      return std::pair(std::stoll(text.substr(0, text.find('-'))), std::stoll(text.substr(text.find('-') + 1)));
    };
    EXPECT_LT(number(events[i - 1].id), number(events[i].id));
    EXPECT_EQ(events[i].member("event_id"), events[i].id);
    EXPECT_TRUE(events[i].read()["created_at"].IsInt64());
  }
  // What is kept is what was sent, without the partial messages.
  const auto kept = detail(id);
  ASSERT_EQ(kept.size(), whole.size());
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].data, whole[i].data);

  EXPECT_EQ(whole[0].member("message"), "A day in Paris");
  EXPECT_TRUE(whole[0].read()["stream_id"].IsNull());
  EXPECT_EQ(whole[1].member("title"), "Paris");
  const auto plan = whole[3].read();
  EXPECT_STREQ(plan["steps"][0]["id"].GetString(), "1");
  EXPECT_STREQ(plan["steps"][0]["status"].GetString(), "pending");
  EXPECT_TRUE(plan["steps"][0]["event_id"].IsString());
  const auto tool = whole[5].read();
  EXPECT_STREQ(tool["name"].GetString(), "message");
  EXPECT_STREQ(tool["function"].GetString(), "message_notify_user");
  EXPECT_STREQ(tool["args"]["text"].GetString(), "On it");
  EXPECT_TRUE(tool["content"].IsNull());
  EXPECT_EQ(whole[6].member("tool_call_id"), whole[5].member("tool_call_id"));
  EXPECT_EQ(whole[8].member("message"), "Looked.");
  EXPECT_EQ(whole[10].member("message"), "Go to the Louvre and then to the river.");
  EXPECT_STREQ(whole[11].read()["steps"][0]["status"].GetString(), "completed");

  EXPECT_EQ(status(id), "completed");
  const auto one = item(id);
  EXPECT_STREQ(one["title"].GetString(), "Paris");
  EXPECT_STREQ(one["latest_message"].GetString(), "Go to the Louvre and then to the river.");
  EXPECT_FALSE(one["latest_message_at"].IsNull());
}

TEST_F(Sessions, SendLongMessagesAsTheyGrow) {
  begin();
  const auto id = create();
  std::string words = "one";
  for (int i = 0; i < 60; ++i) words += " two";
  model_->script(
      script({R"({"text":"{\"title\":\"T\",\"message\":\")" + words + R"(\",\"steps\":[]}","pause":0.01})"}));
  std::string before, stream;
  int partials = 0;
  for (const auto& event : say(id, "A day in Paris")) {
    if (event.kind != "message" || event.member("role") != "assistant") continue;
    const auto text = event.member("message");
    if (event.member("stream_id") == stream) {
      EXPECT_TRUE(text.starts_with(before)) << before << " / " << text;
    }
    if (event.isPartial()) {
      ++partials;
      EXPECT_TRUE(event.read()["attachments"].Empty());
    }
    before = text;
    stream = event.member("stream_id");
    EXPECT_FALSE(stream.empty());
  }
  EXPECT_GE(partials, 2);
}

TEST_F(Sessions, SendVeryLongMessagesInLongerPieces) {
  begin();
  const auto id = create();
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "word ";
  text.pop_back();
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\")" + text + R"(\",\"steps\":[]}"})"}));
  int partials = 0;
  std::string last;
  for (const auto& event : say(id, "Speak")) {
    if (event.kind != "message" || event.member("role") != "assistant") continue;
    partials += event.isPartial() ? 1 : 0;
    last = event.member("message");
  }
  EXPECT_EQ(last, text);
  EXPECT_GE(partials, 2);
  EXPECT_LE(partials, 250) << "each has all before it";
}

TEST_F(Sessions, EndTasksThatGetNoThread) {
  begin({{"agent.tasks", "1"}});
  const auto id = create();
  pthread_attr_t usual, huge;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_getattr_default_np(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, std::size_t{1} << 46U), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  const auto failed = chat(id, R"({"message":"One"})");
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(status(id), "completed");
  EXPECT_EQ(detail(id).back().kind, "error");
  // Its place is free.
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  EXPECT_EQ(say(id, "Two").back().kind, "done");
}

TEST_F(Sessions, AttachAgainWithoutGapOrDuplicate) {
  begin();
  const auto id = create();
  model_->script(script({kPlan, kStepDone, kNoMoreSteps, kSummary}));
  const auto events = say(id, "A day in Paris");
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto again = eventsIn(chat(id, R"({"event_id":")" + events[i].id + "\"}").body);
    const auto left = stored({events.begin() + static_cast<std::ptrdiff_t>(i) + 1, events.end()});
    ASSERT_EQ(again.size(), left.size()) << events[i].id;
    for (std::size_t k = 0; k < left.size(); ++k) EXPECT_EQ(again[k].data, left[k].data);
  }
  // The header means the same.
  const auto byHeader = user_->request("POST", at(id, "chat"), "{}", {"Last-Event-ID: " + events[0].id});
  EXPECT_EQ(eventsIn(byHeader.body).size(), stored(events).size() - 1);
  // Nothing goes on, and of a cursor of nothing there is nothing to say.
  for (const auto* body :
       {"{}", R"({"event_id":"nonsense"})", R"({"event_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})",
        R"({"event_id":"99999999999999-0"})", R"({"event_id":"1-1"})", R"({"message":null,"event_id":null})"}) {
    const auto answer = chat(id, body);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(eventsIn(answer.body), testing::IsEmpty()) << body;
  }
}

TEST_F(Sessions, EndAtOnceWithAPlanWithoutSteps) {
  begin();
  const auto id = create();
  model_->script(R"([{"text":"{\"title\":\"No\",\"message\":\"Can't.\",\"steps\":[]}"}])");
  EXPECT_THAT(kindsOf(stored(say(id, "The moon, please"))),
              ElementsAre("message:user", "title", "message:assistant", "plan", "plan", "done"));
}

TEST_F(Sessions, MakeDoWithAnswersThatAreNoJson) {
  begin();
  const auto id = create();
  model_->script(
      R"([{"text":"Sure, I do that."},{"text":"It is done."},{"text":"nothing to change"},{"text":"All is well."}])");
  const auto events = stored(say(id, "Do it"));
  EXPECT_THAT(kindsOf(events),
              ElementsAre("message:user", "title", "message:assistant", "plan", "step:running", "step:completed",
                          "message:assistant", "plan", "message:assistant", "plan", "done"));
  EXPECT_EQ(events[1].member("title"), "工作计划");
  EXPECT_EQ(events[2].member("message"), "Sure, I do that.");
  EXPECT_EQ(events[6].member("message"), "It is done.");
  EXPECT_EQ(events[8].member("message"), "All is well.");
}

TEST_F(Sessions, GiveStepsOfALaterPlanOtherIds) {
  begin();
  const auto id = create();
  model_->script(script({kPlan, kStepDone, kNoMoreSteps, kSummary, kPlan, kStepDone, kNoMoreSteps, kSummary}));
  const auto first = stored(say(id, "One"));
  const auto second = stored(say(id, "Two"));
  EXPECT_EQ(first[4].member("id"), "1");
  EXPECT_NE(second[4].member("id"), "1");
  EXPECT_EQ(second[0].member("message"), "Two") << "a new task begins with its message";
}

TEST_F(Sessions, AskTheUserAndGoOnWithTheSameStep) {
  begin();
  const auto id = create();
  model_->script(script({kPlan, call("message_ask_user", R"({"text":"Which colour?"})")}));
  const auto first = stored(say(id, "Paint"));
  EXPECT_THAT(kindsOf(first), ElementsAre("message:user", "title", "message:assistant", "plan", "step:running",
                                          "message:assistant", "wait"));
  EXPECT_EQ(first[5].member("message"), "Which colour?");
  EXPECT_EQ(status(id), "waiting");
  model_->clear();
  model_->script(script({kStepDone, kNoMoreSteps, kSummary}));
  const auto second = stored(say(id, "blue"));
  EXPECT_THAT(kindsOf(second), ElementsAre("message:user", "step:completed", "message:assistant", "plan",
                                           "message:assistant", "plan", "done"));
  const auto asked = parsed(model_->questions());
  const auto& messages = asked[0]["body"]["messages"];
  const auto& last = messages[messages.Size() - 1];
  EXPECT_STREQ(last["role"].GetString(), "tool");
  EXPECT_THAT(last["content"].GetString(), HasSubstr("blue"));
}

TEST_F(Sessions, StoppedWhileWaitingPlanAnew) {
  begin();
  const auto id = create();
  model_->script(script({kPlan, call("message_ask_user", R"({"text":"Which?"})")}));
  say(id, "Paint");
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  EXPECT_EQ(status(id), "completed");
  model_->script(script({kPlan, kStepDone, kNoMoreSteps, kSummary}));
  EXPECT_EQ(kindsOf(stored(say(id, "Another")))[1], "title");
}

TEST_F(Sessions, TakeMessagesThatComeWhileTheyRunInTheirOrder) {
  begin();
  const auto id = create();
  const auto slow =
      R"({"text":"{\"title\":\"T\",\"message\":\"one two three four five six seven\",\"steps\":[]}","pause":0.4})";
  model_->script(script({slow, kPlan, kStepDone, kNoMoreSteps, kSummary}));
  std::vector<Seen> first;
  std::thread stream([&] { first = stored(say(id, "One")); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  const auto second = stored(say(id, "Two"));
  stream.join();
  for (const auto& seen : {first, second}) {
    const auto kinds = kindsOf(seen);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "done"), 1);
    EXPECT_EQ(kinds.back(), "done");
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "message:user"), 2);
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "title"), 2);
  }
}

TEST_F(Sessions, StopInTheMiddleOfAModelsAnswer) {
  begin();
  const auto id = create();
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  model_->fault("hang");
  std::vector<Seen> events;
  std::thread stream([&] { events = stored(say(id, "One")); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto before = Clock::now();
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  stream.join();
  EXPECT_LT(Clock::now() - before, std::chrono::seconds(20));
  EXPECT_EQ(events.back().kind, "done");
  EXPECT_EQ(status(id), "completed");
  const auto count = detail(id).size();
  EXPECT_EQ(user_->post(at(id, "stop")).status, 200);
  EXPECT_EQ(detail(id).size(), count) << "stopped once";
  model_->script(script({kPlan, kStepDone, kNoMoreSteps, kSummary}));
  EXPECT_EQ(say(id, "Two").back().kind, "done") << "and goes on";
}

TEST_F(Sessions, GiveTheModelItsMistakesBack) {
  begin();
  const auto id = create();
  model_->script(script({kPlan, call("fly", "{}"), call("message_notify_user", "{}"),
                         call("info_search_web", R"({"query":"x","more":1})"), kStepDone, kNoMoreSteps, kSummary}));
  const auto events = stored(say(id, "Do"));
  EXPECT_THAT(kindsOf(events), ElementsAre("message:user", "title", "message:assistant", "plan", "step:running",
                                           "tool:calling", "tool:called", "step:completed", "message:assistant", "plan",
                                           "message:assistant", "plan", "done"));
  EXPECT_EQ(events[6].member("function"), "search_web");
  EXPECT_EQ(events[6].member("name"), "search");
  EXPECT_EQ(textOf(events[6].read()["args"]), R"({"query":"x"})");
  EXPECT_EQ(textOf(events[6].read()["content"]), R"({"results":[]})");
  EXPECT_THAT(model_->questions(), HasSubstr("unknown tool"));
  EXPECT_THAT(model_->questions(), HasSubstr("the parameter text is missing"));
  EXPECT_THAT(model_->questions(), HasSubstr("not set up"));
  EXPECT_THAT(model_->questions(), HasSubstr("- shell\\n- browser"));
  EXPECT_THAT(model_->questions(), Not(HasSubstr("agent.sandbox"))) << "what is this machine's";
}

TEST_F(Sessions, UseTheBrowserOfTheirBox) {
  const mortise::peers::TempDirectory directory("browser-sessions");
  begin({{"agent.sandbox", "local"}, {"agent.sandbox_directory", directory.path() + "/boxes"}});
  const auto id = create();
  const std::string page =
      R"(<title>Tea</title><h1>Tea</h1><input placeholder=Sort oninput='o.textContent=value+\" tea\"'><p id=o>)";
  model_->script(script({kPlan, call("write_file", R"({"filepath":"/home/ubuntu/tea.html","content":")" + page + "\"}"),
                         call("browser_navigate", R"({"url":"file:///home/ubuntu/tea.html"})"),
                         call("browser_input", R"({"index":0,"text":"绿","press_enter":false})"),
                         call("browser_view", "{}"), kStepDone, kNoMoreSteps, kSummary}));
  const auto events = stored(say(id, "Make tea"));
  const auto asked = model_->questions();
  if (asked.find("- browser\\n") != std::string::npos) GTEST_SKIP() << "boxes have no browser here";
  EXPECT_THAT(asked, HasSubstr("0:<input>Sort</input>"));
  EXPECT_THAT(asked, HasSubstr("\\u7eff tea")) << "what browser_view gave";
  std::vector<std::string> pictures;
  for (const auto& event : events) {
    if (event.kind != "tool" || event.member("name") != "browser" || event.member("status") != "called") continue;
    pictures.push_back(event.read()["content"]["screenshot"].GetString());
  }
  ASSERT_EQ(pictures.size(), 3U);
  for (const auto& picture : pictures)
    EXPECT_TRUE(picture.starts_with("data:image/png;base64,iVBOR")) << picture.substr(0, 40);
  EXPECT_EQ(user_->post(at(id, "delete")).status, 200);
}

// Noise, of which a picture takes some 120 KB.
const std::string kNoise =
    "<title>Noise</title><canvas id=c width=200 height=150></canvas><script>const p=c.getContext('2d'),"
    "d=p.createImageData(200,150);for(let i=0;i<d.data.length;++i)d.data[i]=Math.random()*256|(i%4==3?255:0);"
    "p.putImageData(d,0,0)</script>";

TEST_F(SessionsInBoxes, AreNotFilledByPicturesOfTheirBrowser) {
  beginInBoxes({{"agent.session_size", "256KiB"}});
  const auto id = create();
  std::vector<std::string> answers{
      kPlan, call("write_file", R"({"filepath":"/home/ubuntu/noise.html","content":")" + kNoise + "\"}"),
      call("browser_navigate", R"({"url":"file:///home/ubuntu/noise.html"})")};
  for (int i = 0; i < 5; ++i)
    answers.push_back(call("browser_move_mouse", R"({"coordinate_x":)" + std::to_string(i) + R"(,"coordinate_y":1})"));
  for (const auto& last : {kStepDone, kNoMoreSteps, kSummary}) answers.push_back(last);
  model_->script(script(answers));
  say(id, "Look");
  if (model_->questions().find("- browser\\n") != std::string::npos) GTEST_SKIP() << "boxes have no browser here";
  std::vector<bool> pictures;
  const auto events = detail(id);
  for (const auto& event : events) {
    if (event.kind != "tool" || event.member("name") != "browser" || event.member("status") != "called") continue;
    pictures.push_back(event.read()["content"].IsObject());
  }
  EXPECT_EQ(kindsOf(events).back(), "done");
  ASSERT_EQ(pictures.size(), 6U);
  EXPECT_FALSE(pictures.front());
  EXPECT_TRUE(pictures.back());
  EXPECT_EQ(chat(id, R"({"message":"Go on"})").status, 200) << "there is room";
  EXPECT_EQ(user_->post(at(id, "delete")).status, 200);
}

TEST_F(Sessions, EndStepsThatGoRoundInCircles) {
  begin();
  const auto id = create();
  const auto again = call("message_notify_user", R"({"text":"again"})");
  model_->script(script({kPlan, again, again, again, again, again, kNoMoreSteps, kSummary}));
  const auto events = stored(say(id, "Do"));
  // A step that fails ends no stream: the task goes on.
  EXPECT_THAT(kindsOf({events.end() - 6, events.end()}),
              ElementsAre("step:failed", "message:assistant", "plan", "message:assistant", "plan", "done"));
  EXPECT_EQ(events[events.size() - 5].member("message"),
            "步骤失败：同一工具 message_notify_user 以相同参数重复调用 5 次而没有新结果");
  EXPECT_THAT(model_->questions(), HasSubstr("same call 3 times"));
  const auto metrics = harness_->anonymous().get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("mortise_agent_repeated_calls_total 3\n")) << "the third, the fourth and the fifth";
  EXPECT_THAT(metrics, HasSubstr("mortise_agent_failed_steps_total 1\n"));
}

TEST_F(Sessions, RetryTheModelAndSayWhyItFailed) {
  begin();
  const auto id = create();
  model_->fault("status", "&value=500");
  model_->fault("status", "&value=429&retry_after=1");
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  EXPECT_EQ(say(id, "Do").back().kind, "done");
  for (int i = 0; i < 3; ++i) model_->fault("status", "&value=500");
  const auto events = stored(say(id, "Do"));
  EXPECT_THAT(kindsOf(events), ElementsAre("message:user", "error"));
  EXPECT_THAT(events.back().member("error"), testing::StartsWith("调用语言模型失败: "));
  EXPECT_EQ(status(id), "completed");
  model_->fault("status", "&value=401");
  EXPECT_EQ(say(id, "Do").back().kind, "error") << "a key that is refused is not tried again";
}

TEST_F(Sessions, GoAway) {
  begin();
  const auto id = create();
  model_->fault("hang");
  std::vector<Seen> events;
  std::thread stream([&] { events = stored(say(id, "One")); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // until the stream is open
  EXPECT_EQ(user_->post(at(id, "delete")).status, 200);
  stream.join();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().kind, "done");
  EXPECT_EQ(user_->get(at(id)).status, 404);
  EXPECT_EQ(user_->post(at(id, "delete")).status, 404);
  EXPECT_EQ(chat(id, R"({"message":"x"})").status, 404);
}

TEST_F(Sessions, RefuseWhatIsNoMessage) {
  begin();
  const auto id = create();
  EXPECT_EQ(chat(id, R"({"message":")" + std::string(64001, 'x') + "\"}").status, 422);
  EXPECT_EQ(chat(id, R"({"message":7})").status, 422);
  EXPECT_EQ(chat(id, R"({"message":"x","attachments":["0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"]})").status, 404);
  EXPECT_EQ(textOf(parsed(user_->get(at(id)).body)["data"]["events"]), "[]") << "nothing is kept of it";
}

TEST_F(Sessions, RunAsManyTasksAsTheyMay) {
  begin({{"agent.tasks_per_user", "1"}});
  const auto first = create();
  const auto second = create();
  model_->fault("hang");
  std::thread stream([&] { say(first, "One"); });
  EXPECT_TRUE(waitFor([&] { return status(first) == "running"; }));
  const auto refused = chat(second, R"({"message":"x"})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("retry-after"), "5");
  user_->post(at(first, "stop"));
  stream.join();
}

TEST_F(Sessions, KeepToTheTokensOfADay) {
  begin({{"agent.tokens_per_day", "18"}});
  const auto id = create();
  const auto nothing = R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})";
  model_->script(script({nothing, nothing}));
  EXPECT_EQ(say(id, "One").back().kind, "done");
  const auto refused = chat(id, R"({"message":"Two"})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_FALSE(refused.headers.at("retry-after").empty());
}

TEST_F(Sessions, CountUnreadMessagesWhileNobodyReads) {
  begin();
  const auto id = create();
  const auto slow =
      R"({"text":"{\"title\":\"T\",\"message\":\"one two three four five six seven\",\"steps\":[]}","pause":0.05})";
  model_->script(script({slow}));
  say(id, "One");
  EXPECT_EQ(item(id)["unread_message_count"].GetInt(), 0) << "it was read as it came";
}

TEST_F(Sessions, AreBoundedPerUser) {
  begin({{"agent.sessions_per_user", "2"}});
  create();
  create();
  EXPECT_EQ(user_->post("/api/sessions", "{}").status, 409);
}

TEST_F(Sessions, AreReadOnlyWhenTheyAreFull) {
  begin({{"agent.session_size", "64KiB"}});
  const auto id = create();
  const std::string longText(60000, 'x');
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  EXPECT_EQ(chat(id, R"({"message":")" + longText + "\"}").status, 200);
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  EXPECT_EQ(chat(id, R"({"message":")" + longText + "\"}").status, 200);
  EXPECT_EQ(chat(id, R"({"message":"x"})").status, 409);
  EXPECT_EQ(user_->get(at(id)).status, 200);
}

TEST_F(Sessions, TellOfTheLimitThatWasReached) {
  begin({}, true);
  Answer last;
  // A new minute may begin meanwhile.
  for (int i = 0; i < 122 && last.status != 429; ++i) last = user_->post("/api/sessions", "{}");
  EXPECT_EQ(last.status, 429);
  EXPECT_THAT(last.body, HasSubstr(R"("bucket":"write")"));
  EXPECT_THAT(last.body, HasSubstr(R"("limit":60)"));
  EXPECT_FALSE(last.headers.at("retry-after").empty());
}

TEST_F(Sessions, EndStepsThatCallToolsForEver) {
  begin();
  const auto id = create();
  const auto set =
      harness_->admin().post("/api/app-config/agent", R"({"max_iterations":1,"max_retries":2,"max_search_results":2})");
  ASSERT_EQ(set.status, 200) << set.body;
  model_->script(script({kPlan, call("message_notify_user", R"({"text":"a"})"),
                         call("message_notify_user", R"({"text":"b"})"), kNoMoreSteps, kSummary}));
  const auto kinds = kindsOf(stored(say(id, "Do")));
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "tool:called"), 1);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "step:failed"), 1);
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "error"), 0);
  EXPECT_EQ(kinds.back(), "done") << "the task goes on";
}

TEST_F(Sessions, FailAStepWhoseModelFailsAndGoOn) {
  begin();
  const auto id = create();
  auto slow = kPlan;
  slow.insert(slow.size() - 1, R"(,"pause":0.05)");
  model_->script(script({slow, kNoMoreSteps, kSummary}));
  std::vector<Seen> events;
  std::thread stream([&] { events = stored(say(id, "Do")); });
  // The planner is answering: what fails is the step.
  EXPECT_TRUE(waitFor([&] { return model_->questions().find("Plan how to do") != std::string::npos; }));
  for (int i = 0; i < 3; ++i) model_->fault("status", "&value=500");
  stream.join();
  EXPECT_THAT(kindsOf(events),
              ElementsAre("message:user", "title", "message:assistant", "plan", "step:running", "step:failed",
                          "message:assistant", "plan", "message:assistant", "plan", "done"));
  EXPECT_EQ(events[6].member("message"), "步骤失败：无法连接模型服务");
}

TEST_F(Sessions, GoOnWithTheNextMessageWhenOneFails) {
  begin();
  const auto id = create();
  model_->fault("status", "&value=429&retry_after=5");  // the time in which the second message comes
  model_->fault("status", "&value=401");
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  std::vector<Seen> first, second;
  std::thread stream([&] { first = stored(say(id, "One")); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  std::thread other([&] { second = stored(say(id, "Two")); });
  stream.join();
  other.join();
  // Nothing ends the streams before the task has ended.
  EXPECT_THAT(kindsOf(first), ElementsAre("message:user", "message:user", "message:assistant", "title",
                                          "message:assistant", "plan", "plan", "done"));
  EXPECT_EQ(first[2].member("message"), "调用语言模型失败: 模型服务拒绝了密钥");
  EXPECT_EQ(second.back().kind, "done");
}

TEST_F(Sessions, SayWhyTheyFailInTheLanguageOfTheRequest) {
  begin();
  const auto id = create();
  const auto inEnglish = [&](const std::string& text) {
    return eventsIn(
        user_->request("POST", at(id, "chat"), R"({"message":")" + text + "\"}", {"Accept-Language: en"}).body);
  };
  model_->fault("status", "&value=401");
  EXPECT_EQ(inEnglish("Do").back().member("error"), "调用语言模型失败: the model's server refuses the key")
      << "clients look for how it begins";
  model_->fault("status", "&value=401");
  EXPECT_EQ(say(id, "Do").back().member("error"), "调用语言模型失败: 模型服务拒绝了密钥");
  const auto again = call("message_notify_user", R"({"text":"again"})");
  model_->script(script({kPlan, again, again, again, again, again, kNoMoreSteps, kSummary}));
  const auto events = stored(inEnglish("Do"));
  EXPECT_EQ(
      events[events.size() - 5].member("message"),
      "The step failed: the tool message_notify_user was called 5 times with the same arguments and the same result");
}

TEST_F(Sessions, CutTitles) {
  begin();
  const auto id = create();
  const std::string text(4000, 'x');
  std::string steps;
  for (int i = 0; i < 10; ++i)
    steps += (i == 0 ? R"({\"description\":\")" : R"(, {\"description\":\")") + text + R"(\"})";
  // The title is told while the answer still grows.
  model_->script(
      script({R"({"text":"{\"title\":\")" + text + R"(\", \"message\":\"m\", \"steps\":[)" + steps + R"(]}"})"}));
  const auto events = stored(say(id, "Do"));
  ASSERT_THAT(kindsOf({events.begin(), events.begin() + 4}),
              ElementsAre("message:user", "title", "message:assistant", "plan"));
  EXPECT_EQ(events[1].member("title").size(), 200U);
  EXPECT_EQ(item(id)["title"].GetStringLength(), 200U);
}

TEST_F(Sessions, MakeQuestionsShorterThatAreTooLong) {
  begin();
  const auto id = create();
  model_->fault("too_long");
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  EXPECT_EQ(say(id, "Do").back().kind, "done");
  for (int i = 0; i < 3; ++i) model_->fault("too_long");
  EXPECT_EQ(say(id, "Do").back().kind, "error") << "twice, and no more";
}

TEST_F(Sessions, NudgeAModelThatSaysNothing) {
  begin();
  const auto id = create();
  model_->script(script({R"({"text":""})", R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  EXPECT_EQ(say(id, "Do").back().kind, "done");
  EXPECT_THAT(model_->questions(), HasSubstr("Your answer was empty"));
}

TEST_F(Sessions, TakeFilesOfTheirOwners) {
  begin();
  const auto id = create();
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"notes.txt\"\r\nContent-Type: "
      "text/plain\r\n\r\nhello\r\n--b--\r\n";
  const auto sent = user_->request("POST", "/api/files", form, {"Content-Type: multipart/form-data; boundary=b"});
  ASSERT_EQ(sent.status, 200) << sent.body;
  const std::string file = parsed(sent.body)["data"]["id"].GetString();
  model_->script(script({R"({"text":"{\"title\":\"T\",\"message\":\"m\",\"steps\":[]}"})"}));
  const auto events = eventsIn(chat(id, R"({"attachments":[")" + file + R"("],"timestamp":1700000000123})").body);
  EXPECT_EQ(events.back().kind, "done");
  const auto first = events[0].read();
  EXPECT_STREQ(first["message"].GetString(), "");
  EXPECT_STREQ(first["attachments"][0]["filename"].GetString(), "notes.txt");
  EXPECT_EQ(first["created_at"].GetInt64(), 1700000000);
  EXPECT_THAT(model_->questions(), HasSubstr("notes.txt"));

  auto other = harness_->as("agent.use");
  const std::string theirs = parsed(other.post("/api/sessions", "{}").body)["data"]["session_id"].GetString();
  EXPECT_EQ(other.post(at(theirs, "chat"), R"({"attachments":[")" + file + "\"]}").status, 403);
}

// Beside skills, of which one has a tool of high risk.
class SessionsWithSkills : public Sessions {
 protected:
  void beginWithSkills() {
    user_.reset();
    harness_ = std::make_unique<ModuleHarness>(std::vector<std::string>{"agent", "files", "skills"},
                                               options({{"skills.root_dir", directory_.path()}}, false));
    user_ = std::make_unique<Client>(harness_->as(std::vector<std::string>{"agent.use"}));
    const auto admin = harness_->admin();
    const auto installed = admin.post(
        "/api/v2/skills/install",
        R"({"source_type":"local","source_ref":"/nowhere/at/all","manifest":{"name":"Cleaner","runtime_type":"mcp",
            "policy":{"risk_level":"high"},
            "tools":[{"name":"wipe","description":"Wipe","parameters":{"query":{"type":"string"}},
                      "entry":{"tool_name":"search_web"}}]}})");
    EXPECT_EQ(installed.status, 200) << installed.body;
    EXPECT_EQ(admin.post("/api/v2/skills/policy", R"({"mode":"enforce_confirmation"})").status, 200);
  }
  // The results of the skill's calls, in their order.
  std::vector<std::string> results(const std::string& id) const {
    std::vector<std::string> out;
    for (const auto& event : detail(id)) {
      const auto read = event.read();
      if (event.kind == "tool" && event.member("name") == "skill" && event.member("status") == "called")
        out.push_back(textOf(read["content"]["skill_result"]));
    }
    return out;
  }

  mortise::peers::TempDirectory directory_{"skills"};
};

TEST_F(SessionsWithSkills, AskBeforeToolsOfHighRiskOnceForEachCall) {
  beginWithSkills();
  const auto id = create();
  const auto wipe = call("skill_cleaner_wipe", R"({"query":"x"})");
  const auto question = call("message_ask_user", R"({"text":"May I wipe?"})");
  model_->script(script({kPlan, wipe, question, wipe, question, wipe, wipe, kStepDone, kNoMoreSteps, kSummary}));
  EXPECT_EQ(say(id, "Clean up").back().kind, "wait");
  ASSERT_EQ(results(id).size(), 1U);
  EXPECT_THAT(results(id)[0], HasSubstr("\"approval_required\":true"));
  EXPECT_EQ(say(id, "好，但不要删").back().kind, "wait");
  ASSERT_EQ(results(id).size(), 2U);
  EXPECT_THAT(results(id)[1], HasSubstr("\"approval_required\":true")) << "that was no consent";
  EXPECT_EQ(say(id, "好的，请继续").back().kind, "done");
  ASSERT_EQ(results(id).size(), 4U);
  // It ran; and a skill reaches what other servers offer, not the agent's own tools.
  EXPECT_THAT(results(id)[2], HasSubstr("The tool that the skill uses is not there."));
  EXPECT_THAT(results(id)[3], HasSubstr("\"approval_required\":true")) << "the consent was for one call";
}

class AgentChats : public Sessions {
 protected:
  Answer ask(const std::string& body, const std::vector<std::string>& headers = {}) const {
    return user_->request("POST", "/api/v1/agent-chats", body, headers);
  }
  static std::vector<std::string> typesOf(const Answer& answer) {
    std::vector<std::string> out;
    const auto read = parsed(answer.body);
    if (!read.HasMember("events")) return {answer.body};
    for (const auto& event : read["events"].GetArray()) {
      EXPECT_EQ(event.MemberCount(), 8U);
      out.emplace_back(event["type"].GetString());
    }
    return out;
  }
};

TEST_F(AgentChats, AnswerWithEventsAndOutput) {
  begin();
  model_->script(script({call("info_search_web", R"({"query":"x"})"), R"({"text":"2 + 3 = 5"})"}));
  const auto answer = ask(R"({"message":"What is 2 + 3?"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(typesOf(answer),
              ElementsAre("RUN_STARTED", "TOOL_CALL_START", "TOOL_CALL_ARGS", "TOOL_CALL_END", "TOOL_CALL_RESULT",
                          "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT", "TEXT_MESSAGE_END", "RUN_FINISHED"));
  const auto read = parsed(answer.body);
  EXPECT_STREQ(read["output"].GetString(), "2 + 3 = 5");
  EXPECT_STREQ(read["events"][1]["tool_name"].GetString(), "search_web");
  EXPECT_STREQ(read["events"][2]["delta"].GetString(), R"({"query":"x"})");
  EXPECT_THAT(read["events"][4]["result"].GetString(), testing::StartsWith("Error: "));
  EXPECT_STREQ(read["events"][8]["output"].GetString(), "2 + 3 = 5");
  EXPECT_TRUE(read["events"][8]["error"].IsNull());
  // The thread remembers.
  const std::string id = read["session_id"].GetString();
  model_->script(script({R"({"text":"As I said."})"}));
  EXPECT_EQ(ask(R"({"message":"Sure?","session_id":")" + id + "\"}").status, 200);
  EXPECT_THAT(model_->questions(), HasSubstr("2 + 3 = 5"));
  // It is nobody else's, and no session of the platform.
  EXPECT_EQ(user_->get(at(id)).status, 404);
  EXPECT_THAT(user_->get("/api/sessions").body, Not(HasSubstr(id)));
  const auto other = harness_->as("agent.use");
  const auto foreign = other.post("/api/v1/agent-chats", R"({"message":"Mine?","session_id":")" + id + "\"}");
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(foreign.code, "not_found");
}

TEST_F(AgentChats, TakeTheIdsThatClientsInvent) {
  begin();
  model_->script(script({R"({"text":"Hello"})"}));
  const auto answer = ask(R"({"message":"Hi","session_id":"0B9A4BD8-5F3E-4C0E-9D3C-6F5B7F0F2A11"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_STREQ(parsed(answer.body)["session_id"].GetString(), "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11");
}

TEST_F(AgentChats, RefuseWhatIsNoMessage) {
  begin();
  for (const auto* body : {"{}", R"({"message":""})", R"({"message":"  "})", R"({"message":"\u3000\u00a0"})",
                           R"({"message":7})", R"({"message":"x","session_id":"x"})"})
    EXPECT_EQ(ask(body).status, 422) << body;
  EXPECT_EQ(ask(R"({"message":")" + std::string(8001, 'x') + "\"}").status, 422);
  const auto inAgUi = [&](const std::string& messages) {
    return ask(R"({"threadId":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11","messages":[)" + messages + R"(],"tools":[]})",
               {"Accept: text/event-stream"});
  };
  const auto half = std::string(4001, 'x');
  for (const auto& messages :
       {std::string(R"({"role":"assistant","content":"x"})"), R"({"role":"user","content":")" + half + half + "\"}",
        R"({"role":"user","content":[{"type":"text","text":")" + half + R"("},{"type":"text","text":")" + half +
            "\"}]}"}) {
    const auto refused = inAgUi(messages);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(refused.field, "body/messages");
  }
}

TEST_F(AgentChats, FailWithinTheRun) {
  begin();
  model_->fault("status", "&value=401");
  const auto answer = ask(R"({"message":"Hi"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(typesOf(answer), ElementsAre("RUN_STARTED", "RUN_ERROR"));
  EXPECT_STREQ(parsed(answer.body)["output"].GetString(), "");
  EXPECT_STREQ(parsed(answer.body)["events"][1]["error"].GetString(), "模型服务拒绝了密钥");
}

TEST_F(AgentChats, RunOneAtATimeInAThread) {
  begin();
  const std::string body = R"({"message":"Hi","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})";
  model_->script(script({R"({"text":"one two three four five six seven eight","pause":0.2})", R"({"text":"more"})"}));
  Answer first;
  std::thread run([&] { first = ask(body); });
  EXPECT_TRUE(waitFor([&] { return model_->questions().find("\"Hi\"") != std::string::npos; }));
  const auto second = ask(body);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.code, "conflict");
  run.join();
  EXPECT_EQ(first.status, 200);
}

TEST_F(AgentChats, TakeOneOfManyFirstRequestsWithTheSameId) {
  begin();
  for (int round = 0; round < 5; ++round) {
    model_->clear();
    const auto body =
        R"({"message":"Hi","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a1)" + std::to_string(round) + "\"}";
    std::vector<int> statuses(8);
    std::vector<std::thread> clients;
    for (auto& status : statuses) clients.emplace_back([&] { status = ask(body).status; });
    for (auto& client : clients) client.join();
    EXPECT_GE(std::count(statuses.begin(), statuses.end(), 200), 1);
    for (const auto status : statuses) EXPECT_THAT(status, testing::AnyOf(200, 409));
  }
}

TEST_F(AgentChats, RefuseInTheirOwnWords) {
  begin({{"agent.tasks_per_user", "1"}, {"agent.tokens_per_day", "18"}});
  model_->fault("hang");
  const auto id = create();
  std::thread stream([&] { say(id, "One"); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  const auto full = ask(R"({"message":"Hi"})");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.code, "unavailable");
  EXPECT_EQ(full.headers.at("retry-after"), "5");
  user_->post(at(id, "stop"));
  stream.join();
  model_->clear();
  model_->script(script({R"({"text":"Hello"})", R"({"text":"Hello"})"}));
  EXPECT_EQ(ask(R"({"message":"Hi"})").status, 200);
  const auto used = ask(R"({"message":"Hi"})");
  EXPECT_EQ(used.status, 429);
  EXPECT_EQ(used.code, "rate_limited");
  EXPECT_FALSE(used.headers.at("retry-after").empty());
}

TEST_F(AgentChats, LeaveNothingOfWhatWasRefusedAndCanBeDeleted) {
  begin({{"agent.threads_per_user", "2"}, {"agent.sessions_per_user", "1"}, {"agent.tasks_per_user", "1"}});
  const auto id = create();
  const std::string invented = "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11";
  const auto path = [](const std::string& thread) { return "/api/v1/agent-chats/" + thread; };
  model_->fault("hang");
  std::thread stream([&] { say(id, "One"); });
  EXPECT_TRUE(waitFor([&] { return status(id) == "running"; }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(R"({"message":"Hi"})").status, 503) << "no thread is made of it";
  EXPECT_EQ(ask(R"({"message":"Hi","session_id":")" + invented + "\"}").status, 503);
  EXPECT_EQ(user_->del(path(invented)).status, 404);
  user_->post(at(id, "stop"));
  stream.join();
  model_->clear();
  // Sessions do not count.
  const std::string first = parsed(ask(R"({"message":"Hi"})").body)["session_id"].GetString();
  EXPECT_EQ(ask(R"({"message":"Hi","session_id":")" + invented + "\"}").status, 200);
  const auto full = ask(R"({"message":"Hi"})");
  EXPECT_EQ(full.status, 409);
  EXPECT_EQ(full.code, "conflict");
  EXPECT_EQ(ask(R"({"message":"Hi","session_id":")" + invented + "\"}").status, 200) << "what there is goes on";

  const auto other = harness_->as("agent.use");
  EXPECT_EQ(other.del(path(first)).status, 404);
  EXPECT_EQ(harness_->admin().del(path(first)).status, 404);
  EXPECT_EQ(harness_->anonymous().del(path(first)).status, 401);
  EXPECT_EQ(user_->del(path(id)).status, 404) << "a session of the platform is none";
  EXPECT_EQ(user_->del(path("x")).status, 422);
  const auto deleted = user_->del(path("0B9A4BD8-5F3E-4C0E-9D3C-6F5B7F0F2A11"));
  EXPECT_EQ(deleted.status, 204) << deleted.body;
  EXPECT_EQ(user_->del(path(invented)).status, 404);
  model_->clear();
  EXPECT_EQ(ask(R"({"message":"Who am I?","session_id":")" + invented + "\"}").status, 200);
  EXPECT_THAT(model_->questions(), Not(HasSubstr("\"Hi\""))) << "nothing is remembered";
}

TEST_F(AgentChats, EndWithTheirThread) {
  begin();
  const std::string invented = "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11";
  for (const auto* accept : {"Accept: application/json", "Accept: text/event-stream"}) {
    model_->clear();
    model_->script(script({R"({"text":"one two three four five six seven eight nine ten eleven","pause":0.5})"}));
    Answer answer;
    std::thread run([&] { answer = ask(R"({"message":"Hi","session_id":")" + invented + "\"}", {accept}); });
    EXPECT_TRUE(waitFor([&] { return model_->questions().find("\"Hi\"") != std::string::npos; }));
    EXPECT_EQ(user_->del("/api/v1/agent-chats/" + invented).status, 204);
    run.join();
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr("RUN_ERROR"));
    EXPECT_THAT(answer.body, HasSubstr("任务中断"));
  }
}

TEST_F(AgentChats, SayWhyTheyFailInTheLanguageOfTheRequest) {
  begin();
  for (const auto& [language, text] :
       {std::pair("zh-CN", "模型服务拒绝了密钥"), std::pair("en", "the model's server refuses the key")}) {
    model_->fault("status", "&value=401");
    const auto answer = parsed(ask(R"({"message":"Hi"})", {std::string("Accept-Language: ") + language}).body);
    EXPECT_STREQ(answer["events"][1]["error"].GetString(), text);
  }
}

TEST_F(AgentChats, TellWhatWasSaidBeforeTheyFailed) {
  begin();
  const std::string said =
      R"({"text":"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"})";
  model_->script(script({said, said, said}));
  for (int i = 0; i < 3; ++i) model_->fault("cut");  // the stream breaks off
  const auto answer = ask(R"({"message":"Hi"})");
  EXPECT_THAT(typesOf(answer), ElementsAre("RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT",
                                           "TEXT_MESSAGE_END", "RUN_ERROR"));
  const auto read = parsed(answer.body);
  EXPECT_THAT(read["output"].GetString(), testing::StartsWith("one two three four"));
  EXPECT_STREQ(read["events"][2]["delta"].GetString(), read["output"].GetString());
}

TEST_F(AgentChats, TellAllOfALongTokenBeforeTheyFailed) {
  begin();
  // Half of the stream is the first token.
  const std::string token(60, 'a');
  const auto said = R"({"text":")" + token + R"( b"})";
  model_->script(script({said, said, said}));
  for (int i = 0; i < 3; ++i) model_->fault("cut");
  const auto answer = ask(R"({"message":"Hi"})");
  EXPECT_THAT(typesOf(answer), ElementsAre("RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_CONTENT",
                                           "TEXT_MESSAGE_END", "RUN_ERROR"));
  EXPECT_EQ(parsed(answer.body)["output"].GetString(), token + " ");
}

TEST_F(AgentChats, AnswerEachOfManyRequestsInOneThread) {
  begin();
  const std::string body = R"({"message":"Hi","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})";
  // One begins as soon as the one before has ended, often before that was told.
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&, accept = i % 2 == 0 ? "Accept: application/json" : "Accept: text/event-stream"] {
      for (int k = 0; k < 12; ++k) {
        const auto answer = ask(body, {accept});
        EXPECT_THAT(answer.status, testing::AnyOf(200, 409)) << answer.body;
        if (answer.status != 200) continue;
        ++answered;
        EXPECT_THAT(answer.body, HasSubstr("RUN_FINISHED"));
        EXPECT_THAT(answer.body, Not(HasSubstr("RUN_ERROR")));
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_GT(answered, 0);
}

TEST_F(AgentChats, FailWithinTheStream) {
  begin();
  model_->fault("status", "&value=401");
  const auto answer = ask(
      R"({"threadId":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11","runId":"run-1","state":{},"messages":[{"id":"m","role":"user","content":"Count"}],"tools":[],"context":[],"forwardedProps":{}})",
      {"Accept: text/event-stream"});
  ASSERT_EQ(answer.status, 200) << answer.body;
  std::vector<std::string> types;
  for (const auto& event : eventsIn(answer.body)) types.push_back(event.member("type"));
  EXPECT_THAT(types, ElementsAre("RUN_STARTED", "RUN_ERROR"));
}

TEST_F(AgentChats, AskAndTakeTheNextMessageForTheAnswer) {
  begin();
  model_->script(script({call("message_ask_user", R"({"text":"Which colour?"})"), R"({"text":"Blue it is."})"}));
  const auto first = parsed(ask(R"({"message":"Paint","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})").body);
  EXPECT_STREQ(first["output"].GetString(), "Which colour?");
  const auto second = parsed(ask(R"({"message":"blue","session_id":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11"})").body);
  EXPECT_STREQ(second["output"].GetString(), "Blue it is.");
}

TEST_F(AgentChats, StreamInTheFormOfAgUi) {
  begin();
  model_->script(script({R"({"text":"one two three four five six seven eight nine ten","pause":0.02})"}));
  const auto answer = ask(
      R"({"threadId":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11","runId":"run-1","state":{},"messages":[{"id":"m","role":"user","content":"Count"}],"tools":[],"context":[],"forwardedProps":{}})",
      {"Accept: text/event-stream"});
  ASSERT_EQ(answer.status, 200) << answer.body;
  std::vector<std::string> types;
  std::string said;
  for (const auto& event : eventsIn(answer.body)) {
    EXPECT_TRUE(event.kind.empty());
    const auto read = event.read();
    types.emplace_back(read["type"].GetString());
    if (types.back() == "TEXT_MESSAGE_CONTENT") said += read["delta"].GetString();
    if (types.back() == "RUN_STARTED") {
      EXPECT_STREQ(read["threadId"].GetString(), "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11");
      EXPECT_STREQ(read["runId"].GetString(), "run-1");
    }
  }
  EXPECT_EQ(said, "one two three four five six seven eight nine ten");
  ASSERT_GE(types.size(), 6U);
  EXPECT_EQ(types.front(), "RUN_STARTED");
  EXPECT_EQ(types[1], "TEXT_MESSAGE_START");
  EXPECT_EQ(types.back(), "RUN_FINISHED");
  EXPECT_GE(std::count(types.begin(), types.end(), "TEXT_MESSAGE_CONTENT"), 2) << "as it grows";
  EXPECT_EQ(
      ask(R"({"threadId":"0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11","messages":[{"role":"user","content":"x"}],"tools":[{"name":"a"}]})",
          {"Accept: text/event-stream"})
          .status,
      422);
}

TEST_F(AgentChats, AreReadByTheOfficialClientOfAgUi) {
  if (!std::filesystem::exists(peerFile("node_modules/@ag-ui/client")))
    GTEST_SKIP() << "tools/peers is not installed; ./dev setup --tests does it";
  begin();
  // What the client read, by the kind of run.
  const auto read = [&](const std::string& thread, const std::string& message) {
    const mortise::peers::TempDirectory directory("agui");
    const auto log = directory.path() + "/log";
    mortise::peers::Process client(
        {{"/usr/bin/node", peerFile("agui_client.mjs"), "http://" + user_->address() + "/api/v1/agent-chats",
          user_->token(), thread, message},
         directory.path(),
         false,
         log});
    EXPECT_EQ(client.wait(std::chrono::seconds(60)), 0);
    std::ifstream lines(log);
    std::string last;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('{')) last = line;
    }
    return parsed(last);
  };
  const std::string thread = "0b9a4bd8-5f3e-4c0e-9d3c-6f5b7f0f2a11";
  model_->script(script({call("info_search_web", R"({"query":"x"})"),
                         R"({"text":"one two three four five six seven eight nine ten","pause":0.02})"}));
  const auto whole = read(thread, "Count");
  EXPECT_TRUE(whole["error"].IsNull()) << textOf(whole);
  const auto& messages = whole["messages"];
  ASSERT_EQ(messages.Size(), 4U) << textOf(whole);
  EXPECT_STREQ(messages[1]["toolCalls"][0]["function"]["name"].GetString(), "search_web");
  EXPECT_STREQ(messages[1]["toolCalls"][0]["function"]["arguments"].GetString(), R"({"query":"x"})");
  EXPECT_STREQ(messages[2]["role"].GetString(), "tool");
  EXPECT_THAT(messages[2]["content"].GetString(), testing::StartsWith("Error: "));
  EXPECT_STREQ(messages[3]["content"].GetString(), "one two three four five six seven eight nine ten");
  const auto& events = whole["events"];
  EXPECT_STREQ(events[events.Size() - 1]["type"].GetString(), "RUN_FINISHED");
  EXPECT_STREQ(events[0]["threadId"].GetString(), thread.c_str());

  model_->clear();
  model_->fault("status", "&value=401");
  const auto failed = read(thread, "Again");
  const auto& last = failed["events"][failed["events"].Size() - 1];
  EXPECT_STREQ(last["type"].GetString(), "RUN_ERROR") << textOf(failed);
  EXPECT_STREQ(last["code"].GetString(), "agent_failed");

  // A refusal before the start is no stream.
  const auto refused = read(thread, std::string(8001, 'x'));
  EXPECT_THAT(refused["error"].GetString(), HasSubstr("422"));
  EXPECT_EQ(refused["events"].Size(), 0U) << textOf(refused);
}

}  // namespace
}  // namespace agent
