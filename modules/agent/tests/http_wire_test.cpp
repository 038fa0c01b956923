// What the clients of MCP and A2A send over HTTP, read by servers of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <rapidjson/document.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "a2a/a2a_box.hpp"
#include "json_text.hpp"
#include "mcp/connection.hpp"
#include "mcp/living_children.hpp"
#include "mcp/mcp_box.hpp"
#include "tests/loopback_server_testing.hpp"
#include "tests/mcp_server_testing.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers_testing.hpp"

namespace agent {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using testing_peers::replyTo;
using testing_peers::says;
using testing_peers::serverOf;

// Answers each request with {head, body} as `answer` says, and keeps the requests. Without a head: hangs up instead.
class Listener {
 public:
  struct Reply {
    std::string head = "200 OK\r\nContent-Type: application/json";
    std::string body{};
  };
  using Answer = std::function<Reply(const std::string& request)>;

  explicit Listener(Answer answer) : answer_(std::move(answer)) {}
  std::string at(const std::string& path = {}) const { return "http://" + server_.listed() + path; }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Of a request: the JSON that it carries.
  static rapidjson::Document bodyOf(const std::string& request) {
    rapidjson::Document out;
    EXPECT_TRUE(parseJson(request.substr(request.find("\r\n\r\n") + 4), out)) << request;
    return out;
  }

 private:
  void serve(int fd) {
    auto request = testing_peers::readRequest(fd);
    const auto reply = answer_(request);
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(std::move(request));
    }
    if (!reply.head.empty()) testing_peers::answerWith(fd, reply.body, reply.head);
  }
  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  testing_peers::LoopbackServer server_{[this](int fd) { serve(fd); }};
};

// ---- MCP: a server of 2025 with sessions ---------------------------------------------------------------------------------

// To "initialize".
Listener::Reply begun(const std::string& request, const std::string& session) {
  Listener::Reply reply{
      .body = replyTo(
          request,
          R"("result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x","version":"1"}})")};
  reply.head += "\r\nMcp-Session-Id: " + session;
  return reply;
}

TEST(McpOverHttp, KeepsToTheSessionsOf2025) {
  int sessions = 0;
  Listener server([&](const std::string& request) -> Listener::Reply {
    const auto json = [&](const std::string& rest) { return Listener::Reply{.body = replyTo(request, rest)}; };
    if (says(request, "server/discover")) return json(R"("error":{"code":-32601,"message":"no"})");
    if (says(request, "initialize")) return begun(request, "s" + std::to_string(++sessions));
    if (says(request, "tools/list") && sessions == 1) return {.head = "404 Not Found"};  // the session has expired
    if (says(request, "tools/list")) {
      return request.find(R"("cursor":"more")") == std::string::npos
                 ? json(R"("result":{"tools":[{"name":"a"}],"nextCursor":"more"})")
                 : json(R"("result":{"tools":[{"name":"b"}]})");
    }
    if (says(request, "tools/call"))
      return {"200 OK\r\nContent-Type: text/event-stream",
              "event: message\ndata: " + replyTo(request, R"("result":{"content":[]})") + "\n\n"};
    return {.head = "202 Accepted"};
  });
  mcp::LivingChildren living(1);
  mcp::PlainChildProcesses processes(living);
  const auto settings = serverOf("x", R"({"url":")" + server.at("/mcp") + R"(","headers":{"X-Own":"1"}})");
  {
    mcp::Client client(mcp::connectorTo(settings, mortise::peers::CurlExchange::client(), processes), "1.1");
    const auto soon = mcp::Waiting::atMost(milliseconds(15000));
    client.open(soon);
    const auto tools = client.tools(soon);
    ASSERT_THAT(tools, SizeIs(2));
    EXPECT_EQ(tools[0].name + tools[1].name, "ab");
    EXPECT_EQ(client.call(tools[0], "{}", {}, soon).text, R"({"content":[]})");
  }
  const auto requests = server.requests();
  EXPECT_THAT(requests, Each(HasSubstr("\r\nX-Own: 1\r\n")));
  std::vector<std::string> methods;
  for (const auto& request : requests) {
    const bool isPost = request.starts_with("POST /mcp ");
    methods.push_back(isPost ? textMember(Listener::bodyOf(request), "method") : request.substr(0, request.find(' ')));
    if (methods.back() == "server/discover" || methods.back() == "initialize") {
      EXPECT_THAT(request, Not(HasSubstr("Mcp-Session-Id")));
    }
    if (isPost) {
      EXPECT_THAT(request, HasSubstr("\r\nAccept: application/json, text/event-stream\r\n"));
      EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
    }
  }
  EXPECT_THAT(methods, ElementsAre("server/discover", "initialize", "notifications/initialized", "tools/list", "DELETE",
                                   "server/discover", "initialize", "notifications/initialized", "tools/list",
                                   "tools/list", "tools/call", "DELETE"));
  const auto inSession = [&](const std::string& name) {
    return AllOf(HasSubstr("\r\nMcp-Session-Id: " + name + "\r\n"),
                 HasSubstr("\r\nMCP-Protocol-Version: 2025-06-18\r\n"));
  };
  for (const std::size_t i : {2U, 3U, 4U}) EXPECT_THAT(requests.at(i), inSession("s1"));
  for (const std::size_t i : {7U, 8U, 9U, 10U, 11U}) EXPECT_THAT(requests.at(i), inSession("s2"));
}

// It restarts: it knows the session no more, and takes no connection for a while.
TEST(McpOverHttp, IsThereAgainOnceItsServerIs) {
  int sessions = 0;
  bool forgets = false, hangsUp = false;
  Listener server([&](const std::string& request) -> Listener::Reply {
    const auto json = [&](const std::string& rest) { return Listener::Reply{.body = replyTo(request, rest)}; };
    if (says(request, "server/discover") && std::exchange(hangsUp, false)) return {.head = ""};
    if (says(request, "server/discover")) return json(R"("error":{"code":-32601,"message":"no"})");
    if (says(request, "initialize")) return begun(request, "s" + std::to_string(++sessions));
    if (std::exchange(forgets, false)) {
      hangsUp = true;
      return {.head = "404 Not Found"};
    }
    if (request.find("\r\nMcp-Session-Id: s" + std::to_string(sessions)) == std::string::npos)
      return {.head = "400 Bad Request"};
    if (says(request, "tools/list")) return json(R"("result":{"tools":[{"name":"a"}]})");
    if (says(request, "tools/call")) return json(R"("result":{"content":[]})");
    return {.head = "202 Accepted"};
  });
  mcp::LivingChildren living(1);
  mcp::PlainChildProcesses processes(living);
  const auto settings = serverOf("x", R"({"url":")" + server.at("/mcp") + R"("})");
  mcp::Client client(mcp::connectorTo(settings, mortise::peers::CurlExchange::client(), processes), "1.1");
  const auto soon = mcp::Waiting::atMost(milliseconds(15000));
  client.open(soon);
  const auto tools = client.tools(soon);
  ASSERT_THAT(tools, SizeIs(1));

  forgets = true;
  EXPECT_THROW(client.tools(soon), mcp::Failure);
  EXPECT_TRUE(client.toolsChanged()) << "it may have others now";
  EXPECT_THAT(client.tools(soon), SizeIs(1));
  forgets = true;
  EXPECT_THROW(client.call(tools[0], "{}", {}, soon), mcp::Failure);
  EXPECT_EQ(client.call(tools[0], "{}", {}, soon).text, R"({"content":[]})");
  EXPECT_EQ(sessions, 3);
}

TEST(McpLimits, AreThoseOfTheContract) {
  const mcp::McpBoxOptions options;
  EXPECT_EQ(options.start, std::chrono::seconds(10)) << "for all servers together";
  EXPECT_EQ(options.call, std::chrono::seconds(30));
  EXPECT_EQ(a2a::A2aBoxOptions().start, std::chrono::seconds(8));
  EXPECT_EQ(a2a::A2aBoxOptions().call, std::chrono::seconds(120));
}

TEST(McpLimits, LeaveOutServersThatDoNotAnswerInTime) {
  std::promise<void> built;
  Listener silent([isBuilt = built.get_future().share()](const std::string&) -> Listener::Reply {
    isBuilt.wait();
    return {};
  });
  mcp::LivingChildren living(1);
  mcp::PlainChildProcesses processes(living);
  mcp::McpBox box({serverOf("silent", R"({"url":")" + silent.at() + R"("})")}, mortise::peers::CurlExchange::client(),
                  processes, quietLog(), {.version = "1.1", .start = milliseconds(100)});
  built.set_value();
  EXPECT_THAT(box.notes(), ElementsAre("silent: it did not answer in time"));
  EXPECT_THAT(box.tools(), testing::IsEmpty());
}

// ---- A2A: what is asked, in the words of either generation ---------------------------------------------------------------

class A2aOverHttp : public testing::Test {
 protected:
  // A box for one agent with this card, in which AT is its address; `answer`: to its JSON-RPC.
  void begin(const std::string& card, Listener::Answer answer) {
    server_ = std::make_unique<Listener>([this, card, answer = std::move(answer)](const std::string& request) {
      if (!request.starts_with("GET ")) return answer(request);
      auto text = card;
      text.replace(text.find("AT"), 2, server_->at("/rpc"));
      return Listener::Reply{.body = text};
    });
    A2aServer agent;
    agent.id = "one";
    agent.baseUrl = server_->at();
    box_ = std::make_unique<a2a::A2aBox>(std::vector{agent}, mortise::peers::CurlExchange::client(), quietLog());
    ASSERT_THAT(box_->notes(), testing::IsEmpty());
  }
  ToolResult ask() const { return box_->call("call_remote_agent", R"({"id":"one","query":"hi \"you\""})", {}); }
  // The JSON-RPC requests so far.
  std::vector<std::string> asked() const {
    std::vector<std::string> out;
    for (const auto& request : server_->requests()) {
      if (request.starts_with("POST /rpc ")) out.push_back(request);
    }
    return out;
  }

  static constexpr const char* kOldCard = R"({"name":"n","url":"AT"})";
  static constexpr const char* kNewCard =
      R"({"name":"n","supportedInterfaces":[{"url":"AT","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]})";
  std::unique_ptr<Listener> server_;
  std::unique_ptr<a2a::A2aBox> box_;
};

// Everything of the request's body but the id of the message, which is a UUID.
std::string withoutId(const std::string& request) {
  auto body = request.substr(request.find("\r\n\r\n") + 4);
  const std::string member = R"("messageId":")";
  const auto at = body.find(member) + member.size();
  EXPECT_EQ(body.find('"', at) - at, 36U) << body;
  return body.replace(at, 36, "UUID");
}

TEST_F(A2aOverHttp, AsksTheOlderGenerationInItsWords) {
  begin(kOldCard, [](const std::string& request) -> Listener::Reply {
    return {
        .body = replyTo(
            request,
            R"("result":{"kind":"message","messageId":"m","role":"agent","parts":[{"kind":"text","text":"hello"}]})")};
  });
  const auto result = ask();
  EXPECT_TRUE(result.success) << result.message;
  EXPECT_EQ(
      result.data,
      R"({"jsonrpc":"2.0","id":1,"result":{"kind":"message","messageId":"m","role":"agent","parts":[{"kind":"text","text":"hello"}]}})")
      << "the whole reply";
  EXPECT_EQ(result.content, R"({"a2a_result":)" + result.data + "}");
  const auto requests = asked();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(
      withoutId(requests[0]),
      R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"kind":"message","messageId":"UUID","role":"user","parts":[{"kind":"text","text":"hi \"you\""}]}}})");
  EXPECT_THAT(requests[0], Not(HasSubstr("A2A-Version")));
}

TEST_F(A2aOverHttp, AsksTheNewerGenerationInItsWords) {
  begin(kNewCard, [](const std::string& request) -> Listener::Reply {
    return {.body = replyTo(
                request, R"("result":{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"hello"}]}})")};
  });
  const auto result = ask();
  EXPECT_TRUE(result.success) << result.message;
  EXPECT_THAT(result.data, HasSubstr("hello"));
  const auto requests = asked();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(
      withoutId(requests[0]),
      R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{"messageId":"UUID","role":"ROLE_USER","parts":[{"text":"hi \"you\""}]}}})");
  EXPECT_THAT(requests[0], HasSubstr("\r\nA2A-Version: 1.0\r\n"));
}

TEST_F(A2aOverHttp, AsksForTasksUntilTheyAreOver) {
  for (const bool isNew : {false, true}) {
    int asked = 0;
    begin(isNew ? kNewCard : kOldCard, [&](const std::string& request) -> Listener::Reply {
      const std::string state =
          ++asked < 3 ? (isNew ? "TASK_STATE_WORKING" : "working") : (isNew ? "TASK_STATE_COMPLETED" : "completed");
      const auto task = R"({"id":"t1","kind":"task","status":{"state":")" + state + R"("}})";
      const bool isMember = isNew && asked == 1;
      return {.body = replyTo(request, R"("result":)" + (isMember ? R"({"task":)" + task + "}" : task))};
    });
    const auto result = ask();
    EXPECT_TRUE(result.success) << result.message;
    EXPECT_THAT(result.data, HasSubstr(isNew ? "TASK_STATE_COMPLETED" : "\"completed\""));
    const auto requests = this->asked();
    ASSERT_THAT(requests, SizeIs(3));
    for (const std::size_t i : {1U, 2U}) {
      EXPECT_TRUE(says(requests[i], isNew ? "GetTask" : "tasks/get")) << requests[i];
      EXPECT_THAT(requests[i], HasSubstr(R"("params":{"id":"t1"})"));
    }
  }
}

TEST_F(A2aOverHttp, FailsWhereTheAgentDoes) {
  Listener::Reply reply;
  begin(kOldCard, [&](const std::string& request) {
    auto out = reply;
    if (!out.body.empty()) out.body = replyTo(request, out.body);
    return out;
  });
  reply = {.body = R"("error":{"code":-32009,"message":"no such version"})"};
  auto result = ask();
  EXPECT_FALSE(result.success) << "an error is no result";
  EXPECT_THAT(result.message, AllOf(StartsWith("The remote agent failed: "), HasSubstr("no such version")));
  reply = {.head = "500 Internal Server Error"};
  result = ask();
  EXPECT_FALSE(result.success);
  EXPECT_THAT(result.message, StartsWith("The remote agent failed: "));
  reply = {.body = R"("result":{"kind":"task","id":"t","status":{"state":"rejected"}})"};
  EXPECT_FALSE(ask().success);
}

TEST_F(A2aOverHttp, LooksForTheCardAtItsOlderPlace) {
  std::vector<std::string> lines;
  Listener server([&](const std::string& request) -> Listener::Reply {
    lines.push_back(request.substr(0, request.find('\r')));
    if (request.find("agent-card.json") != std::string::npos) return {.head = "404 Not Found"};
    return {.body = R"({"name":"Old","description":"d","url":"http://127.0.0.1:9/rpc"})"};
  });
  A2aServer agent;
  agent.id = "one";
  agent.baseUrl = server.at("/agents/x");
  a2a::A2aBox box({agent}, mortise::peers::CurlExchange::client(), quietLog());
  EXPECT_THAT(box.call("get_remote_agent_cards", "{}", {}).data, HasSubstr(R"("name":"Old")"));
  EXPECT_THAT(lines, ElementsAre("GET /agents/x/.well-known/agent-card.json HTTP/1.1",
                                 "GET /agents/x/.well-known/agent.json HTTP/1.1"));
}

TEST_F(A2aOverHttp, OffersTwoTools) {
  begin(kOldCard, [](const std::string&) { return Listener::Reply(); });
  const auto tools = box_->tools();
  ASSERT_THAT(tools, SizeIs(2));
  EXPECT_EQ(tools[0].name, "get_remote_agent_cards");
  rapidjson::Document none, schema;
  ASSERT_TRUE(parseJson(tools[0].parameters, none));
  EXPECT_FALSE(none.HasMember("required"));
  EXPECT_EQ(tools[1].name, "call_remote_agent");
  ASSERT_TRUE(parseJson(tools[1].parameters, schema));
  EXPECT_EQ(mortise::models::toText(schema["required"]), R"(["id","query"])");
  EXPECT_EQ(schema["properties"].MemberCount(), 2U);
}

}  // namespace
}  // namespace agent
