// The helper as a program of its own, without a box around it: what it says to a server that talks nonsense or nothing.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "sandbox/descriptors.hpp"
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

std::string spawn(const std::vector<std::string>& arguments, std::string_view numbers) {
  std::string all;
  for (const auto& argument : arguments) all.append(argument).push_back('\0');
  std::string payload(1, static_cast<char>(numbers.size()));
  payload.append(numbers);
  char sizes[8];
  wire::putU32(sizes, 1);
  wire::putU32(sizes + 4, static_cast<std::uint32_t>(all.size()));
  return payload.append(sizes, sizeof sizes).append("/").append(all);
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
  // With descriptors at the first byte.
  void say(const std::string& bytes, std::vector<Fd> descriptors) const {
    EXPECT_EQ(sendWith(socket_.get(), bytes, &descriptors), static_cast<ssize_t>(bytes.size()));
  }
  void say(const std::string& bytes) const { (void)!send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // The next frame's type, with its payload; 0 when the helper has gone, or says nothing for `most`.
  int hear(std::string& payload, std::chrono::milliseconds most = 10s) {
    wire::Frame got;
    while (wire::parse(heard_.data(), heard_.size(), wire::kMaxToServer, got) != wire::Parsed::frame) {
      pollfd fd{socket_.get(), POLLIN, 0};
      char bytes[4096];
      if (poll(&fd, 1, static_cast<int>(most.count())) <= 0) return 0;
      Fd descriptor;
      const auto size = receiveWith(socket_.get(), bytes, sizeof bytes, descriptor);
      if (size <= 0) return 0;
      if (descriptor) passed = std::move(descriptor);
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

  Fd passed;  // the last that came

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
        hello() + frame(Type::credit, 1, "x"), hello() + frame(Type::connect, 1, "relative"),
        hello() + frame(Type::connect, 1, "/" + std::string(107, 'x')), hello() + frame(Type::connect, 0, "/x"),
        hello() + frame(Type::spawn, 1, spawn({}, "")), hello() + frame(Type::spawn, 1, "x"),
        hello() + frame(Type::spawn, 1, spawn({"true"}, "\3"))}) {
    Helper helper;
    helper.say(bytes);
    EXPECT_TRUE(helper.leaves()) << testing::PrintToString(bytes);
  }
}

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  std::string readAll() const {
    std::string out;
    char bytes[4096];
    for (ssize_t size; (size = ::read(read.get(), bytes, sizeof bytes)) > 0;)
      out.append(bytes, static_cast<std::size_t>(size));
    return out;
  }
  Fd read;
  Fd write;
};

TEST(TheHelper, GivesAProgramItsDescriptorsAndNoOthers) {
  Helper helper;
  std::string payload;
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::ready));
  Pipe in;
  Pipe out;
  std::vector<Fd> descriptors;
  descriptors.push_back(std::move(in.read));
  descriptors.push_back(std::move(out.write));
  ASSERT_EQ(write(in.write.get(), "hello\n", 6), 6);
  in.write.reset();
  // 3 and 4 are what the keeper has there: they must not be taken for each other.
  const auto* command =
      "read -r line <&4; echo $line >&3; for n in {5..64}; do [ -e /proc/$$/fd/$n ] && echo $n >&3; done; exit 7";
  helper.say(hello());
  helper.say(frame(Type::spawn, 1, spawn({"bash", "-c", command}, "\4\3")), std::move(descriptors));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::started));
  EXPECT_EQ(out.readAll(), "hello\n");
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::exited));
  EXPECT_EQ(wire::getU32(payload.data()), 7U);
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::closed));
}

TEST(TheHelper, TellsWhyAProgramCanNotBegin) {
  Helper helper;
  std::string payload;
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::ready));
  helper.say(hello() + frame(Type::spawn, 1, spawn({"/no/such/program"}, "")));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::exited));
  EXPECT_EQ(wire::getU32(payload.data()), static_cast<std::uint32_t>(1000 + ENOENT));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::closed));
}

TEST(TheHelper, PassesConnectionsOn) {
  const mortise::peers::TempDirectory directory("agent-helper-socket");
  const auto path = directory.path() + "/s";
  const Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 4), 0);
  Helper helper;
  std::string payload;
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::ready));
  helper.say(hello() + frame(Type::connect, 1, path) + frame(Type::connect, 2, path + "x"));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::descriptor));
  const Fd accepted(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(helper.passed);
  ASSERT_EQ(send(helper.passed.get(), "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(recv(accepted.get(), &byte, 1, 0), 1);
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::exited));
  EXPECT_EQ(wire::getU32(payload.data()), 0U);
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::closed));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::exited));
  EXPECT_EQ(wire::getU32(payload.data()), static_cast<std::uint32_t>(ENOENT));
  EXPECT_EQ(helper.hear(payload), static_cast<int>(Type::closed));
  helper.passed.reset();
  EXPECT_EQ(recv(accepted.get(), &byte, 1, 0), 0) << "the helper keeps no copy";
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
