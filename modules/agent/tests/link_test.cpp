// The server's side of the frames against a helper that says what it should not.
#include "sandbox/link.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <random>
#include <string>
#include <vector>

namespace agent::sandbox {
namespace {

using wire::Type;

std::string frame(Type type, std::uint32_t channel, std::string_view payload = {}) {
  char head[wire::kHead];
  wire::putHead(head, type, channel, static_cast<std::uint32_t>(payload.size()));
  return std::string(head, sizeof head) + std::string(payload);
}
std::string number(std::uint32_t value) {
  std::string out(4, '\0');
  wire::putU32(out.data(), value);
  return out;
}
std::string readyFrame() { return frame(Type::ready, 0, number(wire::kVersion)); }

struct ReadyLink : Link {
  ReadyLink() { EXPECT_TRUE(receive(readyFrame())); }
};

TEST(TheLink, TakesOutputUntilTheChannelCloses) {
  ReadyLink link;
  std::string got;
  const auto channel = link.exec("/home", "true", [&](std::string_view bytes) { got += bytes; });
  const auto bytes = frame(Type::output, channel->id, "hello") + frame(Type::exited, channel->id, number(3)) +
                     frame(Type::output, channel->id, " later") + frame(Type::closed, channel->id);
  for (const char c : bytes) ASSERT_TRUE(link.receive({&c, 1}));
  EXPECT_EQ(got, "hello later");
  EXPECT_TRUE(channel->exited && channel->closed);
  EXPECT_EQ(channel->status, 3);
  EXPECT_EQ(link.channels(), 0U);
  link.sent(link.unsent());
  link.kill(*channel);
  link.input(*channel, "x");
  EXPECT_EQ(link.unsent(), 0U) << "nothing is said to a channel that is gone";
}

TEST(TheLink, BreaksOnWhatDoesNotFit) {
  const auto broken = [](const auto& bytes) {
    ReadyLink link;
    const auto channel = link.exec("/home", "true", {});
    EXPECT_EQ(channel->id, 1U);
    return !link.receive(bytes);
  };
  EXPECT_FALSE(broken(frame(Type::output, 1, "x")));
  EXPECT_TRUE(broken(readyFrame())) << "ready twice";
  EXPECT_TRUE(broken(frame(Type::output, 2, "x"))) << "a channel that is not there";
  EXPECT_TRUE(broken(frame(Type::closed, 1))) << "closed before it exited";
  EXPECT_TRUE(broken(frame(Type::exited, 1, "abc")));
  EXPECT_TRUE(broken(frame(Type::exited, 1, number(256))));
  EXPECT_TRUE(broken(frame(Type::exited, 1, number(0xffffffff))));
  EXPECT_TRUE(broken(frame(Type::exited, 1, number(0)) + frame(Type::exited, 1, number(0))));
  EXPECT_TRUE(broken(frame(Type::taken, 1, number(1)))) << "more input than was sent";
  EXPECT_TRUE(broken(frame(Type::pong, 0))) << "an answer to no question";
  EXPECT_TRUE(broken(frame(Type::hello, 0, "x"))) << "what only the server says";
  EXPECT_TRUE(broken(frame(static_cast<Type>(200), 1)));
  EXPECT_TRUE(broken(std::string("\xff\xff\xff\xff"))) << "a length without end";
  EXPECT_TRUE(broken(frame(Type::output, 1, std::string(wire::kMaxToServer + 1, 'x'))));
  Link fresh;
  EXPECT_FALSE(fresh.receive(frame(Type::pong, 0))) << "before it is ready";
}

TEST(TheLink, TakesNoMoreOutputThanItGaveCredit) {
  ReadyLink link;
  const auto channel = link.file(wire::FileOperation::read, "/x", 0, 100);
  std::size_t sent = 0;
  const std::string piece(wire::kMaxToServer, 'x');
  while (sent + piece.size() <= kCredit) {
    ASSERT_TRUE(link.receive(frame(Type::output, channel->id, piece)));
    sent += piece.size();
  }
  EXPECT_EQ(channel->buffer.size(), sent);
  EXPECT_FALSE(link.receive(frame(Type::output, channel->id, "x")));
}

Fd someSocket() { return Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
bool isOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(TheLink, SendsDescriptorsWithTheFirstByteOfTheirFrame) {
  ReadyLink link;
  link.exec("/home", "true", {});
  const auto before = link.unsent();
  std::vector<Fd> descriptors;
  descriptors.push_back(someSocket());
  const int fd = descriptors.front().get();
  link.spawn("/home", std::string("true\0", 5), {}, std::string_view("\3", 1), std::move(descriptors));
  const auto frame = link.unsent() - before;
  descriptors.clear();
  descriptors.push_back(someSocket());
  link.spawn("/home", std::string("true\0", 5), {}, std::string_view("\4", 1), std::move(descriptors));

  EXPECT_EQ(link.outgoing().bytes.size(), before);
  EXPECT_EQ(link.outgoing().descriptors, nullptr);
  link.sent(before - 1);
  EXPECT_EQ(link.outgoing().bytes.size(), 1U);
  link.sent(1);
  ASSERT_NE(link.outgoing().descriptors, nullptr);
  EXPECT_EQ(link.outgoing().descriptors->front().get(), fd);
  EXPECT_EQ(link.outgoing().bytes.size(), frame) << "the next descriptors are another call's";
  EXPECT_TRUE(isOpen(fd));
  link.sent(1);
  EXPECT_EQ(link.outgoing().descriptors, nullptr) << "they went with the first byte";
  EXPECT_FALSE(isOpen(fd));
  EXPECT_EQ(link.outgoing().bytes.size(), frame - 1);
  link.sent(frame - 1);
  ASSERT_NE(link.outgoing().descriptors, nullptr);
  const int last = link.outgoing().descriptors->front().get();
  link.drop();
  EXPECT_EQ(link.unsent(), 0U);
  EXPECT_FALSE(isOpen(last));
}

TEST(TheLink, TakesOneDescriptorForEachConnection) {
  ReadyLink link;
  const auto first = link.connect("/run/a");
  const auto second = link.connect("/run/b");
  auto socket = someSocket();
  const int fd = socket.get();
  const auto bytes = frame(Type::descriptor, first->id) + frame(Type::exited, first->id, number(0)) +
                     frame(Type::closed, first->id) + frame(Type::exited, second->id, number(2)) +
                     frame(Type::closed, second->id);
  ASSERT_TRUE(link.receive(bytes, std::move(socket)));
  EXPECT_EQ(first->descriptor.get(), fd);
  EXPECT_FALSE(second->descriptor);
  EXPECT_EQ(second->status, 2);
  EXPECT_EQ(link.channels(), 0U);
  EXPECT_FALSE(link.receive(frame(Type::pong, 0), someSocket())) << "nobody asked for it";
}

TEST(TheLink, BreaksOnDescriptorsAndStartsThatDoNotFit) {
  const auto broken = [](const std::string& bytes, int descriptors) {
    ReadyLink link;
    link.connect("/run/a");                                     // 1
    link.exec("/home", "true", {});                             // 2
    link.spawn("/home", std::string("true\0", 5), {}, {}, {});  // 3
    for (int i = 1; i < descriptors; ++i) {
      if (!link.receive({}, someSocket())) return true;
    }
    return !link.receive(bytes, descriptors > 0 ? someSocket() : Fd());
  };
  EXPECT_FALSE(broken(frame(Type::descriptor, 1), 1));
  EXPECT_FALSE(broken(frame(Type::started, 3), 0));
  EXPECT_TRUE(broken(frame(Type::descriptor, 1), 0)) << "without a descriptor";
  EXPECT_TRUE(broken(frame(Type::descriptor, 1), 2)) << "more than were asked for";
  EXPECT_TRUE(broken(frame(Type::descriptor, 1) + frame(Type::descriptor, 1), 1));
  EXPECT_TRUE(broken(frame(Type::descriptor, 1, "x"), 1));
  EXPECT_TRUE(broken(frame(Type::descriptor, 2), 1)) << "a command has none";
  EXPECT_TRUE(broken(frame(Type::descriptor, 3), 1)) << "a program has none";
  EXPECT_TRUE(broken(frame(Type::exited, 1, number(0)), 0)) << "connected, without a descriptor";
  EXPECT_TRUE(broken(frame(Type::descriptor, 1) + frame(Type::exited, 1, number(2)), 1)) << "failed, with one";
  EXPECT_TRUE(broken(frame(Type::started, 1), 0));
  EXPECT_TRUE(broken(frame(Type::started, 2), 0));
  EXPECT_TRUE(broken(frame(Type::started, 3) + frame(Type::started, 3), 0));
  EXPECT_TRUE(broken(frame(Type::exited, 3, number(0)) + frame(Type::started, 3), 0));
  EXPECT_TRUE(broken(frame(Type::output, 3, "x"), 0)) << "a program's output goes through its descriptors";
}

TEST(TheLink, BreaksOnAHelperThatClosesNothing) {
  ReadyLink link;
  const auto answered = [&] {
    const auto channel = link.file(wire::FileOperation::stat, "/x", 0, 0);
    link.close(*channel);
    return link.receive(frame(Type::exited, channel->id, number(0)));
  };
  for (std::size_t i = 0; i < kMaxOpen; ++i) ASSERT_TRUE(answered()) << i;
  EXPECT_FALSE(answered());
}

TEST(TheLink, StandsRandomBytes) {
  std::mt19937 random(7);  // NOLINT: the same bytes each time
  for (int round = 0; round < 2000; ++round) {
    ReadyLink link;
    const auto channel = link.exec("/home", "true", {});
    link.connect("/run/a");
    link.spawn("/home", std::string("true\0", 5), {}, {}, {});
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
      std::string payload(random() % 12, '\0');
      for (auto& c : payload) c = static_cast<char>(random());
      bytes += frame(static_cast<Type>(64 + random() % 8), random() % 5, payload);
    }
    link.receive(bytes, random() % 2 == 0 ? someSocket() : Fd());
    EXPECT_LE(channel->buffer.size(), kCredit);
  }
}

}  // namespace
}  // namespace agent::sandbox
