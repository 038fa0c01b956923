// The helper as a program of its own, without a box around it: what it says to a server that talks nonsense or nothing.
#include <gtest/gtest.h>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "sandbox/fd.hpp"
#include "sandbox/helper_program.hpp"
#include "sandbox/protocol.hpp"
#include "tests/peers/process.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using wire::Type;

std::string frame(Type type, std::uint32_t channel, std::string_view payload = {}) {
  char head[wire::kHead];
  wire::putHead(head, type, channel, static_cast<std::uint32_t>(payload.size()));
  return std::string(head, sizeof head) + std::string(payload);
}

std::string hello(std::uint32_t silence = 60) {
  wire::Hello limits;
  limits.silence = silence;
  limits.processes = 4000;  // this user's other processes count as well
  std::string payload(wire::Hello::kSize, '\0');
  limits.write(payload.data());
  return frame(Type::hello, 0, payload);
}

class Helper {
 public:
  Helper() : directory_("agent-helper") {
    const auto path = directory_.path() + "/helper";
    std::ofstream(path, std::ios::binary) << helperProgram();
    std::filesystem::permissions(path, std::filesystem::perms(0555));
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    socket_ = Fd(pair[0]);
    pid_ = fork();
    if (pid_ == 0) {
      if (pair[1] == 3) {
        fcntlKeep(3);
      } else {
        dup2(pair[1], 3);
      }
      execl(path.c_str(), "helper", nullptr);
      _exit(127);
    }
    close(pair[1]);
  }
  ~Helper() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  void say(const std::string& bytes) const { (void)!send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // The next frame's type, with its payload; 0 when the helper has gone, or says nothing for `most`.
  int hear(std::string& payload, std::chrono::milliseconds most = 10s) {
    wire::Frame got;
    while (wire::parse(heard_.data(), heard_.size(), wire::kMaxToServer, got) != wire::Parsed::frame) {
      pollfd fd{socket_.get(), POLLIN, 0};
      char bytes[4096];
      if (poll(&fd, 1, static_cast<int>(most.count())) <= 0) return 0;
      const auto size = recv(socket_.get(), bytes, sizeof bytes, 0);
      if (size <= 0) return 0;
      heard_.append(bytes, static_cast<std::size_t>(size));
    }
    payload.assign(got.data, got.size);
    heard_.erase(0, wire::kHead + payload.size());
    return static_cast<int>(got.type);
  }
  bool leaves(std::chrono::milliseconds most = 10s) {
    const auto until = std::chrono::steady_clock::now() + most;
    std::string ignored;
    while (std::chrono::steady_clock::now() < until) {
      pollfd fd{socket_.get(), POLLIN, 0};
      char bytes[4096];
      if (poll(&fd, 1, 100) > 0 && recv(socket_.get(), bytes, sizeof bytes, 0) <= 0) return true;
    }
    return false;
  }

 private:
  static void fcntlKeep(int fd) { dup2(dup(fd), fd); }

  mortise::peers::TempDirectory directory_;
  Fd socket_;
  pid_t pid_ = -1;
  std::string heard_;
};

TEST(TheHelper, AnswersAndLeavesWithTheServer) {
  Helper helper;
  std::string payload;
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::ready));
  EXPECT_EQ(wire::getU32(payload.data()), wire::kVersion);
  helper.say(hello() + frame(Type::ping, 0));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::pong));
}

TEST(TheHelper, LeavesWhenTheServerSaysNothingForLong) {
  Helper helper;
  helper.say(hello(1));
  EXPECT_TRUE(helper.leaves(8s));
}

TEST(TheHelper, LeavesOnNonsense) {
  std::string version = hello();
  version[wire::kHead] = 9;
  for (const auto& bytes :
       {std::string("\xff\xff\xff\xff"), frame(Type::ping, 0), version, hello() + hello(),
        hello() + frame(Type::exec, 1, "short"), hello() + frame(Type::exec, 0, std::string(20, '\0')),
        hello() + frame(Type::file, 1, "x"), hello() + frame(static_cast<Type>(99), 1), hello() + frame(Type::ready, 1),
        hello() + frame(Type::credit, 1, "x")}) {
    Helper helper;
    helper.say(bytes);
    EXPECT_TRUE(helper.leaves()) << testing::PrintToString(bytes);
  }
}

TEST(TheHelper, StandsRandomBytes) {
  std::mt19937 random(11);  // NOLINT: the same bytes each time
  for (int round = 0; round < 50; ++round) {
    Helper helper;
    std::string bytes = hello();
    for (int i = 0; i < 50; ++i) {
      std::string payload(random() % 24, '\0');
      for (auto& c : payload) c = static_cast<char>(random());
      bytes += frame(static_cast<Type>(4 + random() % 5), random() % 3, payload);  // nothing that starts a program
    }
    helper.say(bytes);
    helper.say(std::string(16, '\xff'));
    EXPECT_TRUE(helper.leaves());
  }
}

}  // namespace
}  // namespace agent::sandbox
