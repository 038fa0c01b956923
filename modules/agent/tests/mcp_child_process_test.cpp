#include "mcp/child_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "mcp/line_reader.hpp"
#include "mcp/mcp_box.hpp"
#include "mcp/transport.hpp"
#include "tests/peers/curl_http_client.hpp"

namespace agent::mcp {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class McpChildProcesses : public testing::Test {
 protected:
  void SetUp() override { std::signal(SIGPIPE, SIG_IGN); }
  std::unique_ptr<ChildProcess> shell(const std::string& script,
                                      std::vector<std::pair<std::string, std::string>> env = {}) {
    return plain_.start({"test", "sh", {"-c", script}, std::move(env)});
  }
  static Waiting soon() { return Waiting::atMost(milliseconds(10000)); }
  static Failure::Cause causeOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Failure& failure) {
      return failure.cause();
    }
    ADD_FAILURE() << "nothing was thrown";
    return Failure::Cause::forbidden;
  }
  static bool lives(const std::string& pid) { return std::ifstream("/proc/" + pid + "/stat").good() && !isZombie(pid); }
  static bool isZombie(const std::string& pid) {
    std::string line;
    std::getline(std::ifstream("/proc/" + pid + "/stat"), line);
    return line.find(") Z") != std::string::npos;
  }

  LivingChildren living_{8};
  PlainChildProcesses plain_{living_};
};

TEST_F(McpChildProcesses, TalkInLines) {
  auto child = shell("while read line; do echo \"got $line\"; done");
  child->write("one", soon());
  child->write("two", soon());
  EXPECT_EQ(child->readLine(soon()), "got one");
  EXPECT_EQ(child->readLine(soon()), "got two");
  EXPECT_THAT(living_.all(), SizeIs(1));
  EXPECT_THAT(living_.description(), HasSubstr("1: test (pid "));
  child.reset();
  EXPECT_THAT(living_.all(), IsEmpty());
  EXPECT_EQ(living_.description(), "0");
}

TEST_F(McpChildProcesses, GetThreeVariablesAndTheirOwn) {
  ::setenv("AGENT_TEST_SECRET", "secret", 1);
  auto child = shell("env | sort | tr '\\n' ' '; echo", {{"SAID", "hello"}});
  const auto line = child->readLine(soon());
  EXPECT_THAT(line, HasSubstr("SAID=hello"));
  EXPECT_THAT(line, HasSubstr("PATH="));
  EXPECT_THAT(line, Not(HasSubstr("secret")));
}

TEST_F(McpChildProcesses, HaveNoOtherDescriptorsAndNoSignalsIgnored) {
  const int open = ::open("/dev/null", 0);  // without O_CLOEXEC
  auto child = plain_.start({"test",
                             "python3",
                             {"-c",
                              "import os, signal; print(sorted(os.listdir('/proc/self/fd')), "
                              "signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL, os.getpid() == os.getsid(0))"}});
  EXPECT_EQ(child->readLine(soon()), "['0', '1', '2', '3'] True True");  // 3 is the list's own
  ::close(open);
}

TEST_F(McpChildProcesses, EndWithAllThatTheyStarted) {
  auto child = shell(
      "trap '' TERM HUP; sleep 1000 & echo $!; (trap '' TERM; sleep 1000) & echo $!; echo $$; while true; do sleep 1; "
      "done");
  std::vector<std::string> pids;
  for (int i = 0; i < 3; ++i) pids.push_back(child->readLine(soon()));
  for (const auto& pid : pids) EXPECT_TRUE(lives(pid)) << pid;
  child.reset();
  for (const auto& pid : pids) {
    for (int i = 0; i < 200 && lives(pid); ++i) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_FALSE(lives(pid)) << pid;
  }
}

TEST_F(McpChildProcesses, LeaveNothingWhenTheirFirstProcessEndedBefore) {
  auto child = shell("sleep 1000 & echo $!");
  const auto left = child->readLine(soon());
  EXPECT_TRUE(lives(left));
  child.reset();
  for (int i = 0; i < 200 && lives(left); ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(lives(left));
}

TEST_F(McpChildProcesses, OutliveTheThreadThatAskedForThem) {
  std::unique_ptr<ChildProcess> child;
  std::thread([&] { child = shell("while read line; do echo \"got $line\"; done"); }).join();
  std::this_thread::sleep_for(milliseconds(50));
  child->write("one", soon());
  EXPECT_EQ(child->readLine(soon()), "got one");
}

TEST_F(McpChildProcesses, TellWhenTheyEnd) {
  auto child = shell("echo it broke >&2; exit 3");
  EXPECT_EQ(causeOf([&] { child->readLine(soon()); }), Failure::Cause::gone);
  EXPECT_EQ(child->lastWords(), "it broke\n");
  EXPECT_EQ(causeOf([&] {
              for (int i = 0; i < 1000; ++i) child->write(std::string(1000, 'x'), soon());
            }),
            Failure::Cause::gone);
}

// log/1 that keeps what its lines say.
std::string& logged() {
  static std::string all;
  return all;
}
mortise::Log keptLog() {
  static const mortise_log_v1 kTable = {
      sizeof(mortise_log_v1),
      [](mortise_host*, mortise_log_level, mortise_str text, const mortise_pair* fields, std::size_t count) {
        static std::mutex mutex;
        const std::lock_guard lock(mutex);
        logged() += mortise::Text(text).string() + ":";
        for (std::size_t i = 0; i < count; ++i) logged() += " " + mortise::Text(fields[i].value).string();
        logged() += "\n";
      },
      [](mortise_host*, mortise_log_level) -> std::int32_t { return 1; }};
  return {nullptr, &kTable};
}

McpServer serverOf(const std::string& name, const std::string& script) {
  McpServer out;
  out.name = name;
  out.entry.transport = McpTransport::stdio;
  out.entry.command = "sh";
  out.entry.args = {"-c", script};
  return out;
}
// Answers what opens it, and what asks for its tools.
const std::string kOpens = R"(read a; echo '{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}';)"
                           R"(read a; echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"t"}]}}';)";

TEST_F(McpChildProcesses, SayTheirLastWordsToTheOperatorOnly) {
  McpBox box({serverOf("mute", "echo first words >&2; exit 3"),
              serverOf("short", kOpens + "read a; echo second words >&2; exit 3")},
             mortise::peers::CurlExchange::client(), plain_, keptLog(), {.version = "1.1"});
  EXPECT_THAT(box.notes(), ElementsAre("mute: its process ended"));
  EXPECT_THAT(logged(), HasSubstr("mute first words"));
  const auto failed = box.call("mcp_short_t", "{}", {});
  EXPECT_EQ(failed.message, "The tool's server failed: its process ended");
  EXPECT_THAT(logged(), HasSubstr("short second words"));
}

TEST_F(McpChildProcesses, AreAskedAgainForToolsTogetherUntilTheTaskEnds) {
  const auto script = kOpens + R"(read a; echo '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';)"
                               R"(echo '{"jsonrpc":"2.0","id":3,"result":{"content":[]}}'; exec sleep 1000)";
  for (const bool ends : {false, true}) {
    bool stopped = false;
    McpBox box({serverOf("a", script), serverOf("b", script), serverOf("c", script)},
               mortise::peers::CurlExchange::client(), plain_, keptLog(),
               {.version = "1.1", .list = milliseconds(ends ? 60000 : 1000)}, [&stopped] { return stopped; });
    for (const char* name : {"mcp_a_t", "mcp_b_t", "mcp_c_t"}) EXPECT_TRUE(box.call(name, "{}", {}).success) << name;
    stopped = ends;
    const auto before = std::chrono::steady_clock::now();
    EXPECT_THAT(box.tools(), SizeIs(3));  // as they were
    EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(2500));
  }
}

TEST_F(McpChildProcesses, AreNotFound) {
  EXPECT_EQ(causeOf([&] { plain_.start({"test", "no-such-program", {}, {}}); }), Failure::Cause::gone);
  EXPECT_EQ(causeOf([&] { plain_.start({"test", "/etc/passwd", {}, {}}); }), Failure::Cause::gone);
  EXPECT_THAT(living_.all(), IsEmpty());
}

TEST_F(McpChildProcesses, MayNotSayTooMuchAtOnce) {
  auto child = shell("head -c 9000000 /dev/zero | tr '\\0' x; echo; sleep 100");
  EXPECT_EQ(causeOf([&] { child->readLine(soon()); }), Failure::Cause::unreadable);
}

TEST_F(McpChildProcesses, AreReadWhileTheyAreWrittenTo) {
  auto child = shell("cat");
  const std::string line(3'000'000, 'x');
  child->write(line, soon());
  EXPECT_EQ(child->readLine(soon()), line);
}

TEST_F(McpChildProcesses, AreNotWaitedForLongerThanSaid) {
  auto child = shell("sleep 1000");
  EXPECT_EQ(causeOf([&] { child->readLine(Waiting::atMost(milliseconds(200))); }), Failure::Cause::timedOut);
  EXPECT_EQ(causeOf([&] { child->readLine(Waiting::atMost(milliseconds(20000), [] { return true; })); }),
            Failure::Cause::stopped);
}

TEST(McpLines, AreBoundedAndWithoutTheirEnds) {
  LineReader reader(4);
  EXPECT_TRUE(reader.take("ab\r\n\n\ncd"));
  EXPECT_EQ(reader.next(), "ab");
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_TRUE(reader.take("ef\ng"));
  EXPECT_EQ(reader.next(), "cdef");
  EXPECT_FALSE(reader.take("hijkl"));
  LineReader full(4);
  EXPECT_FALSE(full.take("aaaa\nbbbb\ncccc\ndddd\neeee\n"));
}

}  // namespace
}  // namespace agent::mcp
