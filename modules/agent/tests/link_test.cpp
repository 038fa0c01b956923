// The server's side of the frames against a helper that says what it should not.
#include "sandbox/link.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

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
  link.outbox().clear();
  link.kill(*channel);
  link.input(*channel, "x");
  EXPECT_TRUE(link.outbox().empty()) << "nothing is said to a channel that is gone";
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
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
      std::string payload(random() % 12, '\0');
      for (auto& c : payload) c = static_cast<char>(random());
      bytes += frame(static_cast<Type>(64 + random() % 8), random() % 3, payload);
    }
    link.receive(bytes);
    EXPECT_LE(channel->buffer.size(), kCredit);
  }
}

}  // namespace
}  // namespace agent::sandbox
