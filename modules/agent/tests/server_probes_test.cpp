#include "configuration/server_probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "mcp/boxed_programs.hpp"
#include "mcp/mcp_processes.hpp"
#include "sandbox/remote_driver.hpp"
#include "tests/forgetful_mcp_server_testing.hpp"
#include "tests/peers/curl_http_client.hpp"
#include "tests/peers_testing.hpp"

namespace agent {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using Clock = std::chrono::steady_clock;

TEST(Probes, KeepAnswersUntilTheServersAreOthers) {
  Probes<int> probes;
  std::atomic<int> asked = 0;
  const auto ask = [&](std::size_t index, const mcp::Waiting&, const std::function<void(int)>& tell) {
    ++asked;
    tell(static_cast<int>(index));
  };
  EXPECT_THAT(*probes.get("a", 3, ask, -1), ElementsAre(0, 1, 2));
  EXPECT_THAT(*probes.get("a", 3, ask, -1), ElementsAre(0, 1, 2));
  EXPECT_EQ(asked, 3);
  probes.get("b", 3, ask, -1);
  EXPECT_EQ(asked, 6);
  EXPECT_THAT(*probes.get("none", 0, ask, -1), IsEmpty());
}

TEST(Probes, AskOnceForAllWhoComeMeanwhile) {
  Probes<int> probes;
  std::atomic<int> asked = 0;
  const auto ask = [&](std::size_t, const mcp::Waiting&, const std::function<void(int)>& tell) {
    ++asked;
    std::this_thread::sleep_for(milliseconds(50));
    tell(1);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_THAT(*probes.get("a", 1, ask, -1), ElementsAre(1)); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(asked, 1);
}

TEST(Probes, DoNotWaitForWhatComesAfterAnAnswer) {
  std::atomic<bool> over = false;
  {
    Probes<int> probes;
    probes.get(
        "a", 1,
        [&](std::size_t, const mcp::Waiting&, const std::function<void(int)>& tell) {
          tell(1);
          std::this_thread::sleep_for(milliseconds(5000));
          over = true;
        },
        -1);
    EXPECT_FALSE(over);
  }
  EXPECT_TRUE(over);
}

TEST(Probes, AnswerWithoutThoseThatSayNothingForEightSeconds) {
  std::atomic<bool> over = false;
  Probes<int> probes;
  const auto ask = [&](std::size_t index, const mcp::Waiting&, const std::function<void(int)>& tell) {
    if (index == 0) return tell(7);
    while (!over) std::this_thread::sleep_for(milliseconds(10));
  };
  EXPECT_THAT(*probes.get("a", 2, ask, -1), ElementsAre(7, -1));
  over = true;
}

TEST(Probes, EndSoonOnceTheyAreStopped) {
  Probes<int> probes;
  const auto before = Clock::now();
  std::thread stopping([&] {
    std::this_thread::sleep_for(milliseconds(100));
    probes.stop();
  });
  const auto ask = [](std::size_t, const mcp::Waiting& waiting, const std::function<void(int)>& tell) {
    try {
      for (;; std::this_thread::sleep_for(waiting.slice())) waiting.check();
    } catch (const mcp::Failure&) {
      tell(1);
    }
  };
  EXPECT_THAT(*probes.get("a", 1, ask, -1), ElementsAre(1));
  EXPECT_LT(Clock::now() - before, milliseconds(3000));
  stopping.join();
}

TEST(AtOnce, DoesAllWithThirtyTwoThreads) {
  std::atomic<int> now = 0, most = 0;
  std::vector<int> done(100);
  atOnce(done.size(), [&](std::size_t i) {
    const int mine = ++now;
    for (int seen = most; seen < mine && !most.compare_exchange_weak(seen, mine);) {
    }
    std::this_thread::sleep_for(milliseconds(5));
    ++done[i];
    --now;
  });
  EXPECT_THAT(done, testing::Each(1));
  EXPECT_LE(most, 32);
  EXPECT_GT(most, 1);
  atOnce(0, [](std::size_t) { ADD_FAILURE(); });
}

// In a process of its own, which may have no second thread.
[[noreturn]] void workWithoutThreads() {
  if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
  const rlimit none{1, 1};
  if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(3);
  int done = 0;
  atOnce(100, [&](std::size_t) { ++done; });
  ::_exit(done == 100 ? 0 : 1);
}

TEST(AtOnceDeathTest, DoesAllWhereThereAreNoThreads) {
  EXPECT_EXIT(workWithoutThreads(), testing::ExitedWithCode(0), "");
}

// Programs of servers that a probe asks.
struct ProbedPrograms {
  mcp::LivingChildren living{8};
  mcp::PlainChildProcesses plain{living};
  sandbox::RemoteDriver service{mortise::peers::CurlExchange::client(), {"http://127.0.0.1:9"}};
  mcp::BoxedPrograms boxed{service, living};
  mcp::McpProcesses processes{mcp::TrustedPrograms({"all"}), plain, boxed};
};

TEST(ServerProbes, ListenForNoQuestions) {
  const testing_peers::ForgetfulMcpServer peer;
  ProbedPrograms programs;
  mcp::KnownForms forms;
  ServerProbes probes(mortise::peers::CurlExchange::client(), programs.processes, forms, "1.1");
  std::vector<McpServer> servers(1);
  servers[0].name = "work";
  servers[0].entry = readMcpEntry("work", R"({"url":")" + peer.url() + "\"}");
  servers[0].transport = servers[0].entry.transport;
  const auto tools = probes.toolsOf(servers);
  EXPECT_EQ(tools.at(0).error, "");
  EXPECT_THAT(tools[0].names, ElementsAre("work"));
  probes.stop();
  EXPECT_EQ(peer.streams(), 0);
}

TEST(ServerProbes, TellToolsAndErrors) {
  if (!hasNodePeers()) GTEST_SKIP() << "tools/peers is not installed; ./dev setup --tests does it";
  std::signal(SIGPIPE, SIG_IGN);
  ProbedPrograms programs;
  mcp::KnownForms forms;
  ServerProbes probes(mortise::peers::CurlExchange::client(), programs.processes, forms, "1.1");
  std::vector<McpServer> servers(4);
  servers[0].name = "all";
  servers[0].entry = readMcpEntry("all", R"({"command":"node","args":[")" + everythingServer() + R"(","stdio"]})");
  servers[1].name = "other";
  servers[1].entry = servers[0].entry;
  servers[2].name = "off";
  servers[2].enabled = false;
  servers[3].name = "broken";
  servers[3].readable = false;
  auto tools = probes.toolsOf(servers);
  // A program that starts on a busy machine may not answer the first time.
  for (int i = 0; i < 10 && tools.at(0).error == "it did not answer in time"; ++i) tools = probes.toolsOf(servers);
  EXPECT_THAT(tools.at(0).names, Contains("echo"));
  EXPECT_EQ(tools[0].error, "");
  EXPECT_EQ(tools[1].error,
            "it runs a program, for which this server has no box (the sandbox service starts no programs for it); the "
            "operator may name it in agent.mcp_trusted");
  EXPECT_THAT(tools[2].names, IsEmpty());
  EXPECT_EQ(tools[2].error, "");
  EXPECT_EQ(tools[3].error, "its settings can't be read with this server's secret; set it up again");

  auto peer = nodePeer("a2a_agent.mjs", {"1.0"});
  std::vector<A2aServer> agents(2);
  agents[0].id = "a";
  agents[0].baseUrl = peer->at();
  agents[1].id = "b";
  agents[1].baseUrl = "http://127.0.0.1:9";
  const auto cards = probes.cardsOf(agents);
  ASSERT_TRUE(cards.at(0));
  EXPECT_EQ(cards[0]->name, "Echo");
  EXPECT_FALSE(cards.at(1));
}

}  // namespace
}  // namespace agent
