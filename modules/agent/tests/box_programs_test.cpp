// Programs that get descriptors of the server, and connections to what listens in a box.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "boxes_testing.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  // Until its end, or a second without a byte.
  std::string readAll() const {
    std::string out;
    char bytes[4096];
    pollfd fd{read.get(), POLLIN, 0};
    while (poll(&fd, 1, 5000) > 0) {
      const auto size = ::read(read.get(), bytes, sizeof bytes);
      if (size <= 0) return out;
      out.append(bytes, static_cast<std::size_t>(size));
    }
    return out + "(no end)";
  }
  Fd read;
  Fd write;
};

class Programs : public WithBoxes {
 protected:
  // What a program writes to its descriptor 1, and its status.
  std::pair<std::string, int> outputOf(std::vector<std::string> arguments, std::vector<std::string> environment = {},
                                       std::string directory = "~") const {
    Pipe out;
    ProgramPlan plan;
    plan.arguments = std::move(arguments);
    plan.environment = std::move(environment);
    plan.directory = std::move(directory);
    plan.descriptors.push_back({1, std::move(out.write)});
    const auto program = box->start(std::move(plan));
    const auto text = out.readAll();
    return {text, program->wait(5s).value_or(-1)};
  }
  std::string refusal(ProgramPlan plan) const {
    return refusalOf([&] { box->start(std::move(plan)); });
  }
};

TEST_F(Programs, TalkByTheDescriptorsThatTheyGet) {
  Pipe in;
  Pipe out;
  Pipe errors;
  ProgramPlan plan;
  plan.arguments = {"bash", "-c", "while read -r line; do echo \"<$line>\" >&4; echo e >/dev/stderr; done <&3; exit 9"};
  plan.descriptors.push_back({3, std::move(in.read)});
  plan.descriptors.push_back({4, std::move(out.write)});
  plan.descriptors.push_back({2, std::move(errors.write)});
  const auto program = box->start(std::move(plan));
  ASSERT_EQ(write(in.write.get(), "one\ntwo\n", 8), 8);
  char bytes[64];
  std::string got;
  while (got.size() < 12) {
    const auto size = read(out.read.get(), bytes, sizeof bytes);
    ASSERT_GT(size, 0);
    got.append(bytes, static_cast<std::size_t>(size));
  }
  EXPECT_EQ(got, "<one>\n<two>\n");
  EXPECT_FALSE(program->status());
  in.write.reset();
  EXPECT_EQ(program->wait(5s), 9);
  EXPECT_EQ(program->status(), 9);
  EXPECT_EQ(out.readAll(), "") << "its end";
  EXPECT_EQ(errors.readAll(), "e\ne\n") << "a pipe belongs to the user of the box";
}

TEST_F(Programs, HaveTheEnvironmentAndDirectoryThatWereAsked) {
  EXPECT_EQ(
      outputOf({"bash", "-c", "echo $HOME $LANG $WORD $(pwd); id -u"}, {"WORD=a b=c", "LANG=zh_CN.UTF-8"}, "/tmp"),
      std::pair(std::string("/home/ubuntu zh_CN.UTF-8 a b=c /tmp\n1000\n"), 0));
  EXPECT_EQ(outputOf({"/usr/bin/bash", "-c", "kill -TERM $$"}).second, 128 + SIGTERM);
  // What the seccomp filter and the namespaces leave is the same as for a shell.
  EXPECT_THAT(outputOf({"bash", "-c", "ls /proc/1/fd 2>&1; grep -E 'NoNewPrivs|Seccomp:' /proc/self/status"}).first,
              testing::AllOf(HasSubstr("Permission denied"), HasSubstr("NoNewPrivs:\t1"), HasSubstr("Seccomp:\t2")));
}

TEST_F(Programs, EndWithEverythingThatTheyStarted) {
  const auto count = [&] { return run("pgrep -c -x sleep || true"); };
  ProgramPlan plan;
  plan.arguments = {"bash", "-c", "trap '' TERM; (setsid sleep 864 &); sleep 865; sleep 865"};
  auto program = box->start(std::move(plan));
  for (int i = 0; i < 100 && count() != "2\n"; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(count(), "2\n");
  program->end();
  EXPECT_TRUE(program->status());
  EXPECT_EQ(count(), "0\n");

  ProgramPlan again;
  again.arguments = {"sleep", "864"};
  program = box->start(std::move(again));
  EXPECT_EQ(count(), "1\n");
  program.reset();
  for (int i = 0; i < 100 && count() != "0\n"; ++i) std::this_thread::sleep_for(20ms);
  EXPECT_EQ(count(), "0\n");
}

TEST_F(Programs, EndWithTheBox) {
  ProgramPlan plan;
  plan.arguments = {"sleep", "866"};
  const auto program = box->start(std::move(plan));
  EXPECT_FALSE(program->status());
  driver().process(session)->end("a test");
  EXPECT_EQ(program->wait(5s), 137);
  program->end();
}

TEST_F(Programs, AreRefusedWithTheReason) {
  const auto of = [](std::vector<std::string> arguments) {
    ProgramPlan plan;
    plan.arguments = std::move(arguments);
    return plan;
  };
  EXPECT_EQ(refusal(of({})), "422 sandbox_argument");
  EXPECT_EQ(refusal(of({""})), "422 sandbox_argument");
  EXPECT_EQ(refusal(of({"/no/such/program"})), "422 sandbox_argument");
  EXPECT_EQ(refusal(of({"/etc/passwd"})), "422 sandbox_argument");
  EXPECT_EQ(refusal(of({"true", std::string("a\0b", 3)})), "422 sandbox_argument");
  EXPECT_EQ(refusal(of({"true", std::string(101 * 1024, 'x')})), "422 sandbox_argument");
  EXPECT_EQ(refusal(of(std::vector<std::string>(1025, "x"))), "422 sandbox_argument");
  auto plan = of({"true"});
  plan.environment = {"NAME"};
  EXPECT_EQ(refusal(std::move(plan)), "422 sandbox_argument");
  plan = of({"true"});
  plan.directory = "/no/such/directory";
  EXPECT_EQ(refusal(std::move(plan)), "422 sandbox_argument");
  for (const int number : {-1, 32, 3}) {
    plan = of({"true"});
    plan.descriptors.push_back({3, std::move(Pipe().read)});
    plan.descriptors.push_back({number, std::move(Pipe().read)});
    EXPECT_EQ(refusal(std::move(plan)), "422 sandbox_argument") << number;
  }
  EXPECT_EQ(outputOf({"echo", "still here"}).first, "still here\n");
}

TEST_F(Programs, AreReachedAtTheSocketsThatTheyListenAt) {
  EXPECT_EQ(refusalOf([&] { box->connect("/tmp/echo"); }), "404 file_missing");
  Pipe ready;
  ProgramPlan plan;
  plan.arguments = {"python3", "-c",
                    "import os,socket\n"
                    "s=socket.socket(socket.AF_UNIX)\n"
                    "s.bind('/tmp/echo')\n"
                    "s.listen(8)\n"
                    "os.write(1,b'.')\n"
                    "while True:\n"
                    "  c,_=s.accept()\n"
                    "  c.sendall(b'got '+c.recv(100))\n"
                    "  c.close()\n"};
  plan.descriptors.push_back({1, std::move(ready.write)});
  const auto program = box->start(std::move(plan));
  char byte = 0;
  ASSERT_EQ(read(ready.read.get(), &byte, 1), 1);
  for (int i = 0; i < 3; ++i) {
    const auto connection = box->connect("/tmp/echo");
    EXPECT_NE(fcntl(connection.get(), F_GETFL) & O_NONBLOCK, 0);
    ASSERT_EQ(send(connection.get(), "this", 4, MSG_NOSIGNAL), 4);
    pollfd fd{connection.get(), POLLIN, 0};
    ASSERT_EQ(poll(&fd, 1, 5000), 1);
    char bytes[64];
    const auto size = recv(connection.get(), bytes, sizeof bytes, 0);
    EXPECT_EQ(std::string(bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0))), "got this");
  }
  program->end();
  EXPECT_EQ(refusalOf([&] { box->connect("/tmp/echo"); }), "404 file_missing") << "nobody listens any more";
  EXPECT_EQ(refusalOf([&] { box->connect("/" + std::string(107, 'x')); }), "422 sandbox_argument");
}

// A box can lead a connection only to what it has itself.
TEST_F(Programs, AreNotReachedBeyondTheBox) {
  const mortise::peers::TempDirectory directory("agent-host-socket");
  const auto path = directory.path() + "/s";
  Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 4), 0);
  run("ln -s " + path + " /tmp/link; ln -s /proc/1/root" + path + " /tmp/other");
  EXPECT_EQ(refusalOf([&] { box->connect("/tmp/link"); }), "404 file_missing");
  EXPECT_EQ(refusalOf([&] { box->connect("/tmp/other"); }), "404 file_missing");
  EXPECT_EQ(refusalOf([&] { box->connect(path); }), "404 file_missing");
}

TEST(ManyPrograms, GetBusyNotStuck) {
  const Boxes boxes;
  if (const auto why = boxes.lacking(); !why.empty()) GTEST_SKIP() << why;
  const auto box = boxes.open();
  std::vector<std::unique_ptr<Program>> programs;
  std::string refused;
  for (int i = 0; i < 60 && refused.empty(); ++i) {
    try {
      ProgramPlan plan;
      plan.arguments = {"sleep", "867"};
      programs.push_back(box->start(std::move(plan)));
    } catch (const mortise::Problem& problem) {
      refused = problem.code();
    }
  }
  EXPECT_EQ(refused, "sandbox_busy");
  EXPECT_EQ(programs.size(), 40U);
  programs.clear();
  std::string output;
  for (int i = 0; i < 50 && output.empty(); ++i) {
    try {
      output = box->execute("main", "~", "echo back", {}).output;
    } catch (const mortise::Problem&) {
      std::this_thread::sleep_for(50ms);
    }
  }
  EXPECT_EQ(output, "back\n");
}

}  // namespace
}  // namespace agent::sandbox
