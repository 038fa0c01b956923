// Descriptors from a helper that passes what it should not.
#include "sandbox/descriptors.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "tests/peers/process.hpp"

namespace agent::sandbox {
namespace {

int openDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

struct Pair {
  Pair() {
    int both[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    server = Fd(both[0]);
    helper = Fd(both[1]);
  }
  Fd server;
  Fd helper;
};

Fd endOfPair(int type) {
  int both[2];
  EXPECT_EQ(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, both), 0);
  close(both[1]);
  return Fd(both[0]);
}

// What the server gets when the helper passes these.
ssize_t passing(std::vector<Fd> descriptors, Fd& got) {
  const Pair pair;
  EXPECT_EQ(sendWith(pair.helper.get(), "x", &descriptors), 1);
  descriptors.clear();
  char byte = 0;
  return receiveWith(pair.server.get(), &byte, 1, got);
}
ssize_t passing(Fd descriptor, Fd& got) {
  std::vector<Fd> one;
  one.push_back(std::move(descriptor));
  return passing(std::move(one), got);
}

TEST(DescriptorsFromAHelper, AreConnectedStreamSockets) {
  Fd got;
  EXPECT_EQ(passing(endOfPair(SOCK_STREAM), got), 1);
  ASSERT_TRUE(got);
  EXPECT_NE(fcntl(got.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(got.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(DescriptorsFromAHelper, AreRefusedAndClosedWhenTheyAreAnythingElse) {
  const mortise::peers::TempDirectory directory("agent-descriptors");
  const auto fifo = directory.path() + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const auto listening = [&] {
    Fd out(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (directory.path() + "/socket").c_str());
    EXPECT_EQ(bind(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(out.get(), 1), 0);
    return out;
  };
  const int before = openDescriptors();
  Fd got;
  EXPECT_EQ(passing(Fd(open(fifo.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)), got), kBadDescriptors) << "a FIFO";
  EXPECT_EQ(passing(Fd(open("/etc/passwd", O_RDONLY | O_CLOEXEC)), got), kBadDescriptors) << "a file";
  EXPECT_EQ(passing(Fd(open("/dev/null", O_RDWR | O_CLOEXEC)), got), kBadDescriptors) << "a device";
  EXPECT_EQ(passing(endOfPair(SOCK_DGRAM), got), kBadDescriptors);
  EXPECT_EQ(passing(endOfPair(SOCK_SEQPACKET), got), kBadDescriptors);
  EXPECT_EQ(passing(Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), got), kBadDescriptors) << "not connected";
  EXPECT_EQ(passing(Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), got), kBadDescriptors);
  EXPECT_EQ(passing(listening(), got), kBadDescriptors) << "one that listens";
  for (const int count : {2, 5, 8}) {
    std::vector<Fd> many;
    for (int i = 0; i < count; ++i) many.push_back(endOfPair(SOCK_STREAM));
    EXPECT_EQ(passing(std::move(many), got), kBadDescriptors) << count;
  }
  EXPECT_FALSE(got);
  EXPECT_EQ(openDescriptors(), before);
}

}  // namespace
}  // namespace agent::sandbox
