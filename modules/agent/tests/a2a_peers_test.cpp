// The box of remote agents against agents of the official packages, of both generations, streaming or not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "a2a/a2a_box.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers_testing.hpp"

namespace agent::a2a {
namespace {

using std::chrono::milliseconds;
using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

A2aServer serverAt(const std::string& url) {
  A2aServer server;
  server.id = "one";
  server.baseUrl = url;
  return server;
}

class A2aPeers : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    if (!hasNodePeers()) GTEST_SKIP() << "tools/peers is not installed; ./dev setup --tests does it";
    const auto& [generation, kind] = GetParam();
    std::vector<std::string> arguments{generation};
    if (!kind.empty()) arguments.push_back(kind);
    peer_ = nodePeer("a2a_agent.mjs", arguments);
    box_ = boxAt(peer_->at());
  }
  static std::unique_ptr<A2aBox> boxAt(const std::string& url, A2aBoxOptions options = {}) {
    return std::make_unique<A2aBox>(std::vector<A2aServer>{serverAt(url)}, mortise::peers::CurlExchange::client(),
                                    quietLog(), options);
  }
  ToolResult ask(const std::string& query, const ToolContext& context = {}) {
    return box_->call("call_remote_agent", R"({"id":"one","query":")" + query + R"("})", context);
  }

  std::unique_ptr<ListeningPeer> peer_;
  std::unique_ptr<A2aBox> box_;
};

TEST_P(A2aPeers, ShowTheirCards) {
  const bool streams = std::get<1>(GetParam()).empty();
  EXPECT_THAT(box_->notes(), IsEmpty());
  ASSERT_EQ(box_->tools().size(), 2U);
  EXPECT_EQ(box_->call("get_remote_agent_cards", "{}", {}).data,
            std::string(R"([{"id":"one","name":"Echo","description":"Says it again","input_modes":["text/plain"],)") +
                R"("output_modes":["text/plain","image/png"],"streaming":)" + (streams ? "true" : "false") +
                R"(,"push_notifications":false}])");
  EXPECT_TRUE(box_->mayRepeat("get_remote_agent_cards"));
  EXPECT_FALSE(box_->mayRepeat("call_remote_agent"));
}

TEST_P(A2aPeers, AnswerWithTasksAndMessages) {
  const auto done = ask("hi");
  EXPECT_TRUE(done.success) << done.message;
  EXPECT_THAT(done.data, HasSubstr("echo: hi"));
  EXPECT_THAT(done.data, AnyOf(HasSubstr(R"("state":"completed")"), HasSubstr("TASK_STATE_COMPLETED")));
  EXPECT_EQ(done.content, R"({"a2a_result":)" + done.data + "}");
  const auto said = ask("say");
  EXPECT_TRUE(said.success) << said.message;
  EXPECT_THAT(said.data, HasSubstr("hello"));
}

TEST_P(A2aPeers, AreWaitedFor) {
  std::vector<std::string> progress;
  ToolContext context;
  context.progress = [&](std::string_view text) { progress.emplace_back(text); };
  const auto slow = ask("slow", context);
  EXPECT_TRUE(slow.success) << slow.message;
  EXPECT_THAT(slow.data, HasSubstr("echo: slow"));
  if (std::get<1>(GetParam()).empty()) {
    EXPECT_THAT(progress, Contains("at work"));
  }
}

TEST_P(A2aPeers, MayFailOrAsk) {
  const auto failed = ask("fail");
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.message, "it broke");
  const auto asked = ask("ask");
  EXPECT_TRUE(asked.success) << asked.message;
  EXPECT_THAT(asked.data, HasSubstr("which one?"));
}

TEST_P(A2aPeers, AreCancelledWhenNobodyWaits) {
  if (!std::get<1>(GetParam()).empty()) return;  // without a stream the task's name is not known before its end
  std::atomic<bool> stopped = false;
  ToolContext context;
  context.stopped = [&] { return stopped.load(); };
  context.progress = [&](std::string_view) { stopped = true; };
  const auto cut = ask("endless", context);
  EXPECT_FALSE(cut.success);
  EXPECT_THAT(peer_->said(), HasSubstr("cancelled"));
}

TEST_P(A2aPeers, GetCredentialsOfTheAddress) {
  auto url = peer_->at();
  url.insert(url.find("127"), "user:p%40ss@");
  auto box = boxAt(url);
  EXPECT_TRUE(box->call("call_remote_agent", R"({"id":"one","query":"hi"})", {}).success);
  EXPECT_THAT(peer_->said(), HasSubstr("authorization Basic dXNlcjpwQHNz"));
}

TEST_P(A2aPeers, GetNoCredentialsOfAnotherServer) {
  // The card of the peer, served by a server with a password: the peer is another origin.
  const mortise::peers::TempDirectory directory("card");
  const auto card = mortise::peers::CurlExchange::client().perform([&] {
    mortise::HttpRequest request;
    request.url = peer_->at("/.well-known/agent-card.json");
    request.headers = {{"A2A-Version", "1.0"}};
    return request;
  }());
  ASSERT_EQ(card.status, 200);
  std::filesystem::create_directory(directory.path() + "/.well-known");
  std::ofstream(directory.path() + "/.well-known/agent-card.json") << card.body;
  const int port = freePort();
  const auto cards = makePeer({"/usr/bin/python3", "-m", "http.server", std::to_string(port), "--bind", "127.0.0.1",
                               "--directory", directory.path()},
                              port);
  auto box = boxAt("http://user:p%40ss@127.0.0.1:" + std::to_string(port));
  ASSERT_THAT(box->notes(), IsEmpty());
  const auto said = box->call("call_remote_agent", R"({"id":"one","query":"hi"})", {});
  EXPECT_TRUE(said.success) << said.message;
  EXPECT_THAT(peer_->said(), Not(HasSubstr("authorization")));
}

TEST_P(A2aPeers, AreUnknownByOtherIds) {
  EXPECT_EQ(box_->call("call_remote_agent", R"({"id":"two","query":"hi"})", {}).message,
            "There is no remote agent with that id");
  EXPECT_FALSE(box_->call("something", "{}", {}).success);
}

TEST_P(A2aPeers, AreLeftOutWithoutACard) {
  auto box = boxAt("http://127.0.0.1:9/agents/x");
  EXPECT_THAT(box->notes(), ElementsAre("127.0.0.1:9/agents/x: there is no connection to it"));
  EXPECT_THAT(box->tools(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(, A2aPeers, testing::Combine(testing::Values("1.0", "0.3"), testing::Values("", "plain")),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param) == "1.0" ? "one" : "old") + std::get<1>(row.param);
                         });

}  // namespace
}  // namespace agent::a2a
