// The box of MCP tools against servers of the official packages, over every transport and revision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "json_reading.hpp"
#include "mcp/boxed_programs.hpp"
#include "mcp/connection.hpp"
#include "mcp/mcp_box.hpp"
#include "mcp/mcp_processes.hpp"
#include "sandbox/remote_driver.hpp"
#include "tests/forgetful_mcp_server_testing.hpp"
#include "tests/mcp_server_testing.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers_testing.hpp"

namespace agent::mcp {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing_peers::serverOf;
using Clock = std::chrono::steady_clock;

McpServer overHttp(const std::string& name, const std::string& url, const std::string& transport = "streamable_http") {
  return serverOf(name, R"({"transport":")" + transport + R"(","url":")" + url + R"("})");
}
McpServer overStdio(const std::string& name, const std::string& command, const std::vector<std::string>& args) {
  std::string list;
  for (const auto& one : args) list += (list.empty() ? "\"" : ",\"") + one + "\"";
  return serverOf(name, R"({"command":")" + command + R"(","args":[)" + list + R"(],"env":{"SAID":"hello"}})");
}

std::vector<std::string> namesIn(McpBox& box) {
  std::vector<std::string> out;
  for (const auto& tool : box.tools()) out.push_back(tool.name);
  return out;
}

class McpPeers : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    if (!hasNodePeers()) GTEST_SKIP() << "tools/peers is not installed; ./dev setup --tests does it";
  }
  void TearDown() override { EXPECT_THAT(living_.all(), IsEmpty()) << living_.description(); }

  std::unique_ptr<McpBox> boxOf(std::vector<McpServer> servers,
                                McpBoxOptions options = {
                                    .version = "1.1", .start = milliseconds(30000), .asksUser = true}) {
    return std::make_unique<McpBox>(std::move(servers), mortise::peers::CurlExchange::client(), plain_, quietLog(),
                                    std::move(options));
  }
  static ToolContext context() {
    ToolContext out;
    out.sessionId = "s";
    out.userId = "u";
    return out;
  }
  static std::string era(const McpServer& server, ChildProcesses& processes) {
    Client client(connectorTo(server, mortise::peers::CurlExchange::client(), processes), "1.1");
    client.open(Waiting::atMost(milliseconds(15000)));
    return client.version();
  }

  // What every transport of server-everything must do.
  void useEverything(const McpServer& server) {
    auto box = boxOf({server});
    ASSERT_THAT(box->notes(), IsEmpty());
    ASSERT_THAT(namesIn(*box), testing::IsSupersetOf({"mcp_all_echo", "mcp_all_get-sum", "mcp_all_get-tiny-image"}));
    EXPECT_THAT(box->tools().front().description, HasSubstr("[all] "));
    auto said = box->call("mcp_all_echo", R"({"message":"héllo"})", context());
    EXPECT_TRUE(said.success) << said.message;
    EXPECT_EQ(said.data, R"("Echo: héllo")");
    EXPECT_EQ(said.content, R"({"result":"Echo: héllo"})");

    const auto structured = box->call("mcp_all_get-structured-content", R"({"location":"Chicago"})", context());
    EXPECT_THAT(structured.data, HasSubstr(R"("structured_content":{)")) << structured.message;
    const auto image = box->call("mcp_all_get-tiny-image", "{}", context());
    EXPECT_THAT(image.data, HasSubstr("[image image/png, "));
    EXPECT_THAT(image.data, Not(HasSubstr("base64")));
    const auto wrong = box->call("mcp_all_get-sum", R"({"a":"x"})", context());
    EXPECT_FALSE(wrong.success);
    EXPECT_THAT(wrong.message, Not(IsEmpty()));
    EXPECT_FALSE(box->call("mcp_all_nothing", "{}", context()).success);

    std::vector<std::string> progress;
    auto watched = context();
    watched.progress = [&](std::string_view text) { progress.emplace_back(text); };
    const auto longer = box->call("mcp_all_trigger-long-running-operation", R"({"duration":1,"steps":4})", watched);
    EXPECT_TRUE(longer.success) << longer.message;
    EXPECT_THAT(progress, Contains("3/4"));

    std::vector<std::string> questions;
    auto asked = context();
    asked.ask = [&](std::string_view question) {
      questions.emplace_back(question);
      const bool mayBeLeftOut = question.find("\"-\"") != std::string_view::npos;
      return std::optional<std::string>(mayBeLeftOut ? "-" : "Ada");
    };
    const auto elicited = box->call("mcp_all_trigger-elicitation-request", "{}", asked);
    ASSERT_THAT(questions, Not(IsEmpty())) << elicited.message << elicited.data;
    EXPECT_THAT(questions.front(), HasSubstr("The tool server \"all\" asks:"));
    EXPECT_THAT(elicited.data, AllOf(HasSubstr("User provided"), HasSubstr("Ada"))) << elicited.message;

    std::atomic<bool> stopped = false;
    auto leaving = context();
    leaving.stopped = [&] { return stopped.load(); };
    leaving.progress = [&](std::string_view) { stopped = true; };
    const auto before = Clock::now();
    const auto cut = box->call("mcp_all_trigger-long-running-operation", R"({"duration":20,"steps":40})", leaving);
    EXPECT_FALSE(cut.success);
    EXPECT_LT(Clock::now() - before, std::chrono::seconds(10));
    said = box->call("mcp_all_echo", R"({"message":"again"})", context());
    EXPECT_EQ(said.data, R"("Echo: again")") << said.message;
  }

  LivingChildren living_{8};
  PlainChildProcesses plain_{living_};
};

TEST_F(McpPeers, ACallThatItsServerForgotIsNotMadeAgain) {
  const testing_peers::ForgetfulMcpServer server;
  Client client(connectorTo(overHttp("forgetful", server.url()), mortise::peers::CurlExchange::client(), plain_),
                "1.1");
  client.open(Waiting::atMost(milliseconds(15000)));
  try {
    client.call({.name = "work"}, "{}", {}, Waiting::atMost(milliseconds(15000)));
    ADD_FAILURE() << "it went on";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.text(), HasSubstr("forgot the session"));
  }
  EXPECT_EQ(server.calls(), 1);
}

TEST_F(McpPeers, EverythingOverStdio) {
  const auto server = overStdio("all", "node", {everythingServer(), "stdio"});
  EXPECT_EQ(era(server, plain_), "2025-11-25");
  useEverything(server);
}

TEST_F(McpPeers, EverythingOverStreamableHttp) {
  auto peer = everythingOver("streamableHttp");
  EXPECT_EQ(era(overHttp("all", peer->at("/mcp")), plain_), "2025-11-25");
  useEverything(overHttp("all", peer->at("/mcp")));
}

TEST_F(McpPeers, EverythingOverSse) {
  auto peer = everythingOver("sse");
  useEverything(overHttp("all", peer->at("/sse"), "sse"));
}

TEST_F(McpPeers, TheFirstRevisionIsFoundWhereStreamableHttpIsSetUp) {
  auto peer = everythingOver("sse");
  auto box = boxOf({overHttp("all", peer->at("/sse"))});
  EXPECT_THAT(namesIn(*box), Contains("mcp_all_echo"));
}

TEST_F(McpPeers, AServerThatRestartsIsSpokenToAgain) {
  auto peer = everythingOver("streamableHttp");
  auto box = boxOf({overHttp("all", peer->at("/mcp"))});
  EXPECT_TRUE(box->call("mcp_all_echo", R"({"message":"a"})", context()).success);
  peer->stop();
  const auto gone = box->call("mcp_all_echo", R"({"message":"b"})", context());
  EXPECT_FALSE(gone.success);
  EXPECT_EQ(gone.message, "The tool's server failed: there is no connection to it");
}

TEST_F(McpPeers, ModernServers) {
  auto peer = nodePeer("mcp_modern.mjs", {"http"});
  for (const auto& server :
       {overHttp("new", peer->at("/mcp")), overStdio("new", "node", {peerFile("mcp_modern.mjs"), "stdio"})}) {
    EXPECT_EQ(era(server, plain_), "2026-07-28");
    auto box = boxOf({server});
    ASSERT_THAT(box->notes(), IsEmpty());
    EXPECT_THAT(namesIn(*box),
                ElementsAre("mcp_new_add", "mcp_new_fail", "mcp_new_seen", "mcp_new_slow", "mcp_new_deploy"));
    const auto sum = box->call("mcp_new_add", R"({"a":2,"b":3})", context());
    EXPECT_EQ(sum.data, R"({"text":"5","structured_content":{"sum":5}})") << sum.message;
    const auto failed = box->call("mcp_new_fail", "{}", context());
    EXPECT_FALSE(failed.success);
    EXPECT_EQ(failed.message, "it broke");

    std::vector<std::string> progress;
    auto watched = context();
    watched.progress = [&](std::string_view text) { progress.emplace_back(text); };
    const auto slow = box->call("mcp_new_slow", R"({"steps":3})", watched);
    EXPECT_EQ(slow.data, R"("done")") << slow.message;
    EXPECT_THAT(progress, ElementsAre("step 1", "step 2", "step 3"));

    std::vector<std::string> questions;
    auto asked = context();
    asked.ask = [&](std::string_view question) {
      questions.emplace_back(question);
      return std::optional<std::string>(questions.size() == 1 ? "maybe" : questions.size() == 2 ? "yes" : "2");
    };
    const auto deployed = box->call("mcp_new_deploy", R"({"env":"prod"})", asked);
    EXPECT_EQ(deployed.data, R"("deployed to prod, south: true")") << deployed.message;
    ASSERT_THAT(questions, testing::SizeIs(3));
    EXPECT_THAT(questions[0],
                AllOf(HasSubstr("The tool server \"new\" asks:\nDeploy to prod?"), HasSubstr("(1/2) confirm")));
    EXPECT_THAT(questions[1], testing::StartsWith("That answer does not fit. It must be yes or no."));
    EXPECT_THAT(questions[2], AllOf(HasSubstr("(2/2) region\n1. north\n2. south"), Not(HasSubstr("asks:"))));
    const auto nobody = box->call("mcp_new_deploy", R"({"env":"prod"})", context());
    EXPECT_EQ(nobody.data, R"("not deployed")") << nobody.message;

    std::atomic<bool> stopped = false;
    auto leaving = context();
    leaving.stopped = [&] { return stopped.load(); };
    leaving.progress = [&](std::string_view) { stopped = true; };
    EXPECT_FALSE(box->call("mcp_new_slow", R"({"steps":100})", leaving).success);
    EXPECT_TRUE(box->call("mcp_new_add", R"({"a":2,"b":3})", context()).success);
  }
  // Closing the stream cancels; the server hears of it a moment later.
  for (int i = 0; i < 1000 && peer->said().find("slow was cancelled") == std::string::npos; ++i)
    std::this_thread::sleep_for(milliseconds(10));
  EXPECT_THAT(peer->said(), HasSubstr("slow was cancelled"));
}

TEST_F(McpPeers, ModernHeaderFieldsAndThoseThatWereSetUp) {
  auto peer = nodePeer("mcp_modern.mjs", {"http"});
  auto box = boxOf(
      {serverOf("new", R"({"url":")" + peer->at("/mcp") + R"(","headers":{"Authorization":"Bearer t","X-Own":"1"}})")});
  const auto seen = box->call("mcp_new_seen", "{}", context());
  for (const char* field :
       {R"(\"authorization\":\"Bearer t\")", R"(\"x-own\":\"1\")", R"(\"mcp-protocol-version\":\"2026-07-28\")",
        R"(\"mcp-method\":\"tools/call\")", R"(\"mcp-name\":\"seen\")"})
    EXPECT_THAT(seen.data, HasSubstr(field));
  EXPECT_THAT(seen.data, Not(HasSubstr("mcp-session-id")));
}

TEST_F(McpPeers, PythonServers) {
  for (const std::string version : {"1.30.0", "2.3.0"}) {
    if (!hasPython(version))
      GTEST_SKIP() << "build/mcp-" << version << " is not installed; ./dev setup --tests does it";
    auto streamable = pythonPeer(version, "streamable-http");
    auto sse = pythonPeer(version, "sse");
    for (const auto& server : {overStdio("py", pythonOf(version), {peerFile("mcp_python.py"), "stdio"}),
                               overHttp("py", streamable->at("/mcp")), overHttp("py", sse->at("/sse"), "sse")}) {
      SCOPED_TRACE(version + " " + server.entry.url);
      auto box = boxOf({server}, {.version = "1.1", .start = milliseconds(30000)});
      ASSERT_THAT(box->notes(), IsEmpty());
      EXPECT_THAT(namesIn(*box), ElementsAre("mcp_py_add", "mcp_py_fail", "mcp_py_picture", "mcp_py_wait"));
      const auto sum = box->call("mcp_py_add", R"({"a":2,"b":3})", context());
      EXPECT_THAT(sum.data, HasSubstr("\"sum\":5")) << sum.message;
      EXPECT_EQ(box->call("mcp_py_picture", "{}", context()).data, R"("[image image/png, 12 bytes]")");
      const auto failed = box->call("mcp_py_fail", "{}", context());
      EXPECT_FALSE(failed.success);
      EXPECT_THAT(failed.message, HasSubstr(version == "2.3.0" ? "Error executing tool fail" : "it broke"));
    }
    EXPECT_EQ(era(overHttp("py", streamable->at("/mcp")), plain_), version == "2.3.0" ? "2026-07-28" : "2025-11-25");
  }
}

TEST_F(McpPeers, ACallEndsWhenItsTimeIsOver) {
  if (!hasPython("1.30.0")) GTEST_SKIP() << "build/mcp-1.30.0 is not installed; ./dev setup --tests does it";
  auto box = boxOf({overStdio("py", pythonOf("1.30.0"), {peerFile("mcp_python.py"), "stdio"})},
                   {.version = "1.1", .start = milliseconds(30000), .call = milliseconds(5000)});
  const auto late = box->call("mcp_py_wait", R"({"seconds":30})", context());
  EXPECT_FALSE(late.success);
  EXPECT_EQ(late.message, "The tool's server failed: it did not answer in time");
  EXPECT_TRUE(box->call("mcp_py_add", R"({"a":2,"b":3})", context()).success);
}

TEST_F(McpPeers, AFailingServerIsLeftOut) {
  auto box =
      boxOf({overStdio("gone", "/nowhere/at/all", {}), overStdio("ends", "/bin/false", {}),
             overHttp("closed", "http://127.0.0.1:9/mcp"), overStdio("all", "node", {everythingServer(), "stdio"})});
  EXPECT_THAT(box->notes(), ElementsAre("gone: its command can't be started: No such file or directory",
                                        "ends: its process ended", "closed: there is no connection to it"));
  EXPECT_THAT(namesIn(*box), Contains("mcp_all_echo"));
}

TEST_F(McpPeers, ProgramsGetNothingOfTheServersEnvironment) {
  ::setenv("AGENT_TEST_SECRET", "secret", 1);
  auto box = boxOf({overStdio("all", "node", {everythingServer(), "stdio"})});
  const auto seen = box->call("mcp_all_get-env", "{}", context());
  EXPECT_THAT(seen.data, HasSubstr("PATH"));
  EXPECT_THAT(seen.data, HasSubstr("hello"));
  EXPECT_THAT(seen.data, Not(HasSubstr("secret")));
}

TEST_F(McpPeers, ProgramsWithoutABoxAreRefusedUnlessTheyAreTrusted) {
  sandbox::RemoteDriver service(mortise::peers::CurlExchange::client(), {"http://127.0.0.1:9"});
  BoxedPrograms boxed(service, living_);
  McpProcesses processes(TrustedPrograms({"trusted"}), plain_, boxed);
  const std::vector<std::string> args{everythingServer(), "stdio"};
  McpBox box({overStdio("trusted", "node", args), overStdio("other", "node", args)},
             mortise::peers::CurlExchange::client(), processes, quietLog(),
             {.version = "1.1", .start = milliseconds(30000)});
  EXPECT_THAT(box.notes(), ElementsAre("other: it runs a program, for which this server has no box (the sandbox "
                                       "service starts no programs for it); the "
                                       "operator may name it in agent.mcp_trusted"));
  EXPECT_THAT(namesIn(box), Contains("mcp_trusted_echo"));
}

}  // namespace
}  // namespace agent::mcp
