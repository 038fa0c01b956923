// Programs of MCP servers in boxes of their own, and those that the operator trusts.
#include "mcp/boxed_programs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "boxes_testing.hpp"
#include "mcp/mcp_box.hpp"
#include "mcp/mcp_processes.hpp"
#include "tests/peers/curl_http_client.hpp"

namespace agent::mcp {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

bool trusts(const std::string& entry, const Program& program) { return TrustedPrograms({entry}).trusts(program); }

TEST(TrustedPrograms, AreNamesOrPinnedCommands) {
  const Program program{"files", "/usr/bin/node", {"/opt/files.js", "--root"}};
  EXPECT_TRUE(trusts("files", program));
  EXPECT_FALSE(trusts("other", program));
  EXPECT_TRUE(trusts("files=/usr/bin/node /opt/files.js --root", program));
  EXPECT_TRUE(trusts("files =  /usr/bin/node   /opt/files.js --root", program));
  for (const auto* other :
       {"files=/usr/bin/node", "files=/usr/bin/node /opt/files.js", "files=/usr/bin/node --root /opt/files.js",
        "files=node /opt/files.js --root", "files=/usr/bin/node /opt/files.js --root --more"})
    EXPECT_FALSE(trusts(other, program)) << other;
  // A blank inside of an argument is none between two.
  EXPECT_FALSE(trusts("files=sh -c ls -l", {"files", "sh", {"-c", "ls -l"}}));
}

TEST(TrustedPrograms, ThatArePinnedGetOnlyVariablesThatAreNamed) {
  Program program{"files", "/usr/bin/files", {"-v"}, {{"TOKEN", "secret"}}};
  EXPECT_TRUE(trusts("files", program));
  EXPECT_FALSE(trusts("files=/usr/bin/files -v", program));
  EXPECT_TRUE(trusts("files=$TOKEN $REGION /usr/bin/files -v", program));
  program.env.emplace_back("LD_PRELOAD", "/tmp/x.so");
  EXPECT_FALSE(trusts("files=$TOKEN $REGION /usr/bin/files -v", program));
}

TEST(TrustedPrograms, AreNotReadFromJustAnything) {
  for (const auto* bad : {"=command", "files=", "files= ", "files=$TOKEN"})
    EXPECT_THROW(TrustedPrograms({bad}), std::invalid_argument) << bad;
  EXPECT_THROW(TrustedPrograms({"files", "files=x"}), std::invalid_argument);
}

class ProgramsInBoxes : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    if (const auto why = boxes.lacking(); !why.empty()) GTEST_SKIP() << why;
  }
  std::unique_ptr<ChildProcess> shell(const std::string& script,
                                      std::vector<std::pair<std::string, std::string>> env = {}) {
    return processes.start({"test", "sh", {"-c", script}, std::move(env)});
  }
  static Waiting soon() { return Waiting::atMost(milliseconds(10000)); }
  std::string textOfFailure(const std::function<void()>& work) {
    try {
      work();
    } catch (const Failure& failure) {
      return failure.text();
    }
    return "none";
  }
  // Directories of boxes, without hidden files of the driver.
  std::size_t directories() const {
    std::size_t out = 0;
    for (const auto& entry : std::filesystem::directory_iterator(boxes.directory.path() + "/boxes"))
      out += entry.path().filename().string().starts_with('.') ? 0U : 1U;
    return out;
  }
  static sandbox::LocalOptions options() {
    sandbox::LocalOptions out;
    out.boxes = 1;
    return out;
  }

  sandbox::Boxes boxes{options()};
  LivingChildren living{4};
  BoxedPrograms processes{*boxes.driver, living};
};

TEST_F(ProgramsInBoxes, TalkInLinesAndLeaveNothing) {
  auto child = shell("echo $SAID $HOME $(id -u); while read line; do echo \"got $line\"; echo heard >&2; done",
                     {{"SAID", "hello"}});
  EXPECT_EQ(child->readLine(soon()), "hello /home/ubuntu 1000");
  child->write("one", soon());
  EXPECT_EQ(child->readLine(soon()), "got one");
  const std::string line(3'000'000, 'x');
  child->write(line, soon());
  EXPECT_EQ(child->readLine(soon()), "got " + line);
  // What it says beside its lines may come later than they do.
  for (int i = 0; i < 1000 && child->lastWords() != "heard\nheard\n"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(child->lastWords(), "heard\nheard\n");
  EXPECT_EQ(living.description(), "1: test (in a box)");
  EXPECT_EQ(directories(), 1U);
  child.reset();
  EXPECT_THAT(living.all(), IsEmpty());
  EXPECT_EQ(directories(), 0U);
}

TEST_F(ProgramsInBoxes, SeeNoOtherBoxAndNothingOfTheServer) {
  boxes.open()->write({.path = "secret", .text = "secret"});
  auto one = shell("echo secret > ~/secret; echo written; sleep 1000");
  EXPECT_EQ(one->readLine(soon()), "written");
  auto other = shell("ls -A ~ /tmp | tr '\\n' ' '; env | grep -c MORTISE; ls -d " + boxes.directory.path() +
                     " 2>&1 | grep -c 'No such'");
  EXPECT_EQ(other->readLine(soon()), "/home/ubuntu:  /tmp: 0");
  EXPECT_EQ(other->readLine(soon()), "1") << "no directory of the server";
}

TEST_F(ProgramsInBoxes, AreBeyondTheBoxesOfSessionsButNotWithoutBound) {
  boxes.open();  // the only one that sessions may have
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int i = 0; i < 4; ++i) children.push_back(shell("cat"));
  EXPECT_THAT(living.all(), SizeIs(4));
  EXPECT_EQ(textOfFailure([&] { shell("cat"); }),
            "as many programs of MCP servers run as may at once (agent.mcp_children): 4");
  EXPECT_NE(boxes.driver->find("one"), nullptr);
  children.pop_back();
  children.push_back(shell("cat"));
  children.clear();
  EXPECT_EQ(directories(), 1U) << "the session's";
}

TEST_F(ProgramsInBoxes, EndWithAllThatTheyStarted) {
  const auto mark = "77" + std::to_string(getpid());
  auto child = shell("trap '' TERM HUP; (setsid sleep " + mark + " &); sleep " + mark + " & echo up; cat");
  EXPECT_EQ(child->readLine(soon()), "up");
  EXPECT_GE(sandbox::processesWith(mark), 2);
  child.reset();
  EXPECT_EQ(sandbox::processesWith(mark), 0);
}

TEST_F(ProgramsInBoxes, TellWhenTheyEndAndWhatCantBeStarted) {
  auto child = shell("echo it broke >&2; exit 3");
  EXPECT_EQ(textOfFailure([&] { child->readLine(soon()); }), "its process ended");
  EXPECT_EQ(child->lastWords(), "it broke\n");
  EXPECT_THAT(textOfFailure([&] {
                processes.start({"test", "no-such-program"});
              }),
              HasSubstr("its command can't be started in a box: no-such-program: No such file or directory"));
  EXPECT_EQ(directories(), 1U);
  child.reset();
  EXPECT_EQ(directories(), 0U);
}

TEST_F(ProgramsInBoxes, AreLeftAloneByTheSweepUntilTheirTimeIsOver) {
  auto child = shell("while read line; do echo \"got $line\"; done");
  boxes.driver->sweep([](std::string_view) { return false; });
  child->write("one", soon());
  EXPECT_EQ(child->readLine(soon()), "got one");
  // Of a server that was killed.
  std::filesystem::create_directories(boxes.directory.path() + "/boxes/mcp-left/home");
  boxes.driver->sweep([](std::string_view) { return false; });
  EXPECT_EQ(directories(), 1U);
}

TEST_F(ProgramsInBoxes, EndWhenTheirBoxEnds) {
  sandbox::LocalOptions options;
  options.ttl = std::chrono::seconds(1);
  const sandbox::Boxes brief(options);
  BoxedPrograms there(*brief.driver, living);
  auto child = there.start({"test", "cat"});
  std::this_thread::sleep_for(milliseconds(1200));
  brief.driver->sweep([](std::string_view) { return false; });
  EXPECT_EQ(textOfFailure([&] { child->readLine(soon()); }), "its process ended");
  child.reset();
  EXPECT_THAT(living.all(), IsEmpty());
}

TEST_F(ProgramsInBoxes, LeaveNoneBehindAfterManySessions) {
  const std::string script =
      R"(read a; echo '{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}';)"
      R"(read a; echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"t"}]}}'; exec cat >/dev/null)";
  for (int session = 0; session < 10; ++session) {
    std::vector<McpServer> servers(2);
    for (auto& server : servers) {
      server.name = &server == &servers[0] ? "a" : "b";
      server.entry.transport = McpTransport::stdio;
      server.entry.command = "sh";
      server.entry.args = {"-c", script};
    }
    McpBox box(std::move(servers), mortise::peers::CurlExchange::client(), processes, sandbox::SilentHost::log(),
               {.version = "1.1"});
    EXPECT_THAT(box.notes(), IsEmpty());
    EXPECT_THAT(box.tools(), SizeIs(2));
    EXPECT_THAT(living.all(), SizeIs(2));
  }
  EXPECT_THAT(living.all(), IsEmpty());
  EXPECT_EQ(directories(), 0U);
}

}  // namespace
}  // namespace agent::mcp
