// Commands in real boxes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "boxes_testing.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class AShell : public WithBoxes {
 protected:
  // Waits for what a running command writes.
  bool showsWithin(const std::string& text, std::chrono::milliseconds most = 20s) const {
    const auto until = Clock::now() + most;
    while (Clock::now() < until) {
      if (box->output("main").output.find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(20ms);
    }
    return false;
  }
  // What `command` prints in another shell in the end: what was told to the processes of a box happens a moment later.
  void expectSoon(const std::string& command, const std::string& output) const {
    const auto until = Clock::now() + 20s;
    auto last = run(command, "other");
    while (last != output && Clock::now() < until) {
      std::this_thread::sleep_for(20ms);
      last = run(command, "other");
    }
    EXPECT_EQ(last, output) << command;
  }
  Execution start(const std::string& command) const {
    auto done = box->execute("main", "~", command, [] { return true; });  // does not wait
    return done;
  }
};

TEST_F(AShell, GivesTheStatusAndEverythingThatWasWritten) {
  for (int i = 0; i < 20; ++i) {
    const auto done = box->execute("main", "~", "seq 1 20; echo err >&2; exit 3", {});
    EXPECT_EQ(done.exitCode, 3);
    EXPECT_FALSE(done.running);
    EXPECT_THAT(done.output, EndsWith("\n20\nerr\n"));
  }
  EXPECT_EQ(box->execute("main", "~", "kill -9 $$", {}).exitCode, 137);
  EXPECT_EQ(run("yes | head -1; echo ${PIPESTATUS[*]}"), "y\n141 0\n") << "signals are as a program expects them";
  EXPECT_EQ(run("stty size; tty >/dev/null && echo terminal"), "40 120\nterminal\n");
}

TEST_F(AShell, IsOverWhenItsCommandIsAndNotItsBackground) {
  const auto done = box->execute("main", "~", "(sleep 1; echo later) & echo now", {});
  EXPECT_FALSE(done.running);
  EXPECT_EQ(done.output, "now\n") << "it did not wait for the background";
  EXPECT_TRUE(showsWithin("later")) << "output of the background belongs to its command";
}

TEST_F(AShell, LeavesNoZombies) {
  run("for i in $(seq 50); do (setsid sleep 0.01 &) ; done; sleep 0.5");
  expectSoon("cat /proc/[0-9]*/stat 2>/dev/null | grep -c ' Z '", "0\n");
}

TEST_F(AShell, RunsInItsDirectory) {
  run("mkdir -p work");
  const auto done = box->execute("main", "/home/ubuntu/work", "pwd", {});
  EXPECT_EQ(done.output, "/home/ubuntu/work\n");
  EXPECT_EQ(box->output("main").records.back().prompt, "ubuntu@sandbox:~/work $");
  EXPECT_EQ(box->execute("main", "work", "pwd", {}).output, "/home/ubuntu/work\n");
  EXPECT_EQ(box->execute("main", "/tmp", "pwd", {}).output, "/tmp\n");
  EXPECT_EQ(box->output("main").records.back().prompt, "ubuntu@sandbox:/tmp $");
  const auto missing = box->execute("main", "/nowhere", "pwd", {});
  EXPECT_EQ(missing.exitCode, 125);
  EXPECT_THAT(missing.output, HasSubstr("/nowhere: No such file"));
}

TEST_F(AShell, KeepsARecordPerCommand) {
  run("echo one");
  run("printf '\\033[31mtwo\\033[0m'");
  const auto all = box->output("main");
  ASSERT_EQ(all.records.size(), 2U);
  EXPECT_EQ(all.records[0].prompt, "ubuntu@sandbox:~ $");
  EXPECT_EQ(all.records[0].command, "echo one");
  EXPECT_EQ(all.records[0].output, "one\n");
  EXPECT_EQ(all.records[1].output, "two");
  EXPECT_EQ(all.output, "two");
  EXPECT_EQ(refusalOf([&] { box->output("other"); }), "404 shell_missing");
  EXPECT_EQ(refusalOf([&] { box->wait("other", 1s, {}); }), "404 shell_missing");
  EXPECT_EQ(refusalOf([&] { box->input("other", "x", true); }), "404 shell_missing");
  EXPECT_EQ(refusalOf([&] { box->kill("other"); }), "404 shell_missing");
}

TEST_F(AShell, KeepsOldCommandsInLittleRoom) {
  const auto command = [](int i) { return "echo " + std::to_string(i) + " #" + std::string(90000, 'x'); };
  for (int i = 0; i < 8; ++i) run(command(i));
  const auto records = box->output("main").records;
  ASSERT_EQ(records.size(), 8U);
  EXPECT_EQ(records.back().command, command(7));
  EXPECT_EQ(records[5].command, command(5));
  EXPECT_EQ(records[0].command, command(0).substr(0, 200) + "…");
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += record.command.size();
  EXPECT_LT(bytes, 400000U);
}

TEST_F(AShell, SaysWhatItRanAfterFlagsWereAdded) {
  const auto done = box->execute("main", "~", "false && apt install x", {});
  EXPECT_EQ(done.command, "false && apt install -y x");
  EXPECT_EQ(box->output("main").records.back().command, done.command);
}

TEST_F(AShell, WaitsForALongCommand) {
  EXPECT_TRUE(start("sleep 1; exit 4").running);
  EXPECT_EQ(box->wait("main", 0s, {}), std::nullopt);
  EXPECT_EQ(box->wait("main", 10s, {}), 4);
  EXPECT_TRUE(start("sleep 60").running);
  const auto begin = Clock::now();
  EXPECT_EQ(box->wait("main", 60s, [&] { return Clock::now() - begin > 200ms; }), std::nullopt) << "stopped";
  EXPECT_LT(Clock::now() - begin, 2s);
}

TEST_F(AShell, TakesInput) {
  start("read -p 'name? ' x; echo hello $x");
  ASSERT_TRUE(showsWithin("name? "));
  box->input("main", "Ada", true);
  EXPECT_TRUE(showsWithin("hello Ada"));
  EXPECT_EQ(box->wait("main", 5s, {}), 0);
  EXPECT_EQ(refusalOf([&] { box->input("main", "x", true); }), "422 sandbox_argument");
  start("echo up; sleep 60");
  ASSERT_TRUE(showsWithin("up"));
  box->input("main", "\x03", false);
  EXPECT_EQ(box->wait("main", 5s, {}), 130) << "Ctrl-C";
}

// A program that does not read holds nothing up, and what waits for it is bounded.
TEST_F(AShell, TakesInputThatNobodyReads) {
  start("stty raw -echo; echo up; sleep 60");
  ASSERT_TRUE(showsWithin("up"));
  const std::string much(std::size_t{512} << 10, 'x');
  std::string refused;
  for (int i = 0; i < 8 && refused.empty(); ++i) {
    const auto said = refusalOf([&] { box->input("main", much, false); });
    if (said != "no refusal") refused = said;
  }
  EXPECT_EQ(refused, "503 sandbox_busy");
  EXPECT_EQ(run("echo other", "other"), "other\n") << "another shell is not held up";
  EXPECT_EQ(box->kill("main"), 143);
  start("stty raw -echo; echo up; head -c 200000 | wc -c");
  ASSERT_TRUE(showsWithin("up"));
  box->input("main", std::string(200000, 'y'), false);
  EXPECT_TRUE(showsWithin("200000")) << "raw input arrives whole";
}

TEST_F(AShell, EndsWhatItIsToldToEnd) {
  start("sleep 60");
  EXPECT_EQ(box->kill("main"), 143);
  EXPECT_EQ(box->kill("main"), std::nullopt) << "it had ended already";
  start("trap '' TERM INT HUP; echo up; while :; do sleep 0.1; done");
  ASSERT_TRUE(showsWithin("up"));
  const auto begin = Clock::now();
  EXPECT_EQ(box->kill("main"), 137);
  EXPECT_LT(Clock::now() - begin, 4s);
}

TEST_F(AShell, EndsWhatHidesFromIt) {
  start(
      "(env -i setsid bash -c 'trap \"\" TERM; exec -a hidden sleep 1000' &); (setsid sleep 1001 &) ; echo up; sleep "
      "60");
  ASSERT_TRUE(showsWithin("up"));
  const std::string count = "cat /proc/[0-9]*/comm 2>/dev/null | grep -c sleep";
  expectSoon(count, "3\n");
  EXPECT_NE(box->kill("main"), std::nullopt);
  EXPECT_EQ(run(count, "other"), "0\n");
}

TEST_F(AShell, EndsAForkBomb) {
  start("f() { f | f & }; f; echo up; sleep 60");
  std::this_thread::sleep_for(1s);
  const auto begin = Clock::now();
  EXPECT_NE(box->kill("main"), std::nullopt);
  EXPECT_LT(Clock::now() - begin, 9s);
  // Without a process of its own, which would be called bash for a moment.
  EXPECT_EQ(
      run("n=0; for c in /proc/[0-9]*/comm; do read -r x <$c && [ \"$x\" = bash ] && n=$((n+1)); done 2>/dev/null; "
          "echo $n",
          "other"),
      "1\n");
}

TEST_F(AShell, EndsThePreviousCommandBeforeTheNext) {
  start("sleep 60; echo never");
  const auto done = box->execute("main", "~", "echo next", {});
  EXPECT_EQ(done.output, "next\n");
  EXPECT_EQ(run("cat /proc/[0-9]*/comm 2>/dev/null | grep -c sleep", "other"), "0\n");
  EXPECT_EQ(box->output("main").records.size(), 2U);
}

TEST_F(AShell, SurvivesTheEndOfItsKeeper) {
  // A command may kill its keeper, which belongs to the same user: what it kept ends with it.
  start("sleep 1000 & kill -9 $PPID; sleep 1001");
  EXPECT_EQ(box->wait("main", 5s, {}), 137);
  expectSoon("cat /proc/[0-9]*/comm 2>/dev/null | grep -c sleep", "0\n");
}

TEST_F(AShell, TakesCommandsLongerThanATerminalsLine) {
  const std::string text(50000, 'x');
  EXPECT_EQ(run("echo " + text + " | wc -c"), "50001\n");
  EXPECT_EQ(refusalOf([&] { run(std::string(200000, 'x')); }), "422 sandbox_argument");
  EXPECT_EQ(refusalOf([&] { run(std::string("a\0b", 3)); }), "422 sandbox_argument");
  EXPECT_EQ(refusalOf([&] { run("true", "a\nb"); }), "422 sandbox_argument");
}

TEST_F(AShell, KeepsTheEndOfMuchOutput) {
  const auto output = run("seq 1 100000");
  EXPECT_THAT(output, StartsWith("["));
  EXPECT_THAT(output, EndsWith("\n99999\n100000\n"));
  EXPECT_LT(output.size(), 210000U);
}

TEST_F(AShell, IsNamedByTheBoxWhenItHasNoName) {
  const auto done = box->execute("", "~", "echo x", {});
  EXPECT_EQ(done.shellId.size(), 36U);
  EXPECT_EQ(box->output(done.shellId).output, "x\n");
}

TEST_F(AShell, GivesWayToANewOneWhenThereAreMany) {
  for (int i = 0; i < 40; ++i) EXPECT_EQ(run("echo x", "shell" + std::to_string(i)), "x\n");
  EXPECT_EQ(refusalOf([&] { box->output("shell0"); }), "404 shell_missing");
  EXPECT_EQ(box->output("shell39").output, "x\n");
  for (int i = 0; i < 80; ++i) run("sleep 100 &", "main");
  EXPECT_EQ(run("echo still"), "still\n") << "old background gives way as well";
}

}  // namespace
}  // namespace agent::sandbox
