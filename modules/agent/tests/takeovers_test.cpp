// Who has the browser of a session.
#include "desktop/takeovers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace agent::desktop {
namespace {

using namespace std::chrono_literals;
using Clock = Takeovers::Clock;
using testing::ElementsAre;

struct Session {
  explicit Session(std::chrono::milliseconds unseen = 10min)
      : takeovers([this](std::string_view) { return seenAt(); }, {.unseen = unseen, .lookEvery = 10ms}) {
    takeovers.start([this](std::string_view id, Holder holder) {
      const std::lock_guard lock(mutex);
      told.push_back(std::string(id) + (holder == Holder::user ? ": user" : ": agent"));
    });
  }
  std::optional<Clock::time_point> seenAt() const {
    const auto value = at.load();
    return value == 0 ? std::nullopt : std::optional(Clock::time_point(Clock::duration(value)));
  }
  void see() { at = Clock::now().time_since_epoch().count(); }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex);
    return told;
  }

  std::atomic<Clock::rep> at{0};  // 0: never
  std::mutex mutex;
  std::vector<std::string> told;
  Takeovers takeovers;
};

TEST(ATakeover, IsTheUsersUntilItIsGivenBack) {
  Session session;
  auto& takeovers = session.takeovers;
  EXPECT_EQ(takeovers.holder("a"), Holder::agent);
  EXPECT_FALSE(takeovers.release("a"));
  takeovers.take("a");
  EXPECT_EQ(takeovers.holder("a"), Holder::user);
  EXPECT_EQ(takeovers.holder("b"), Holder::agent);
  EXPECT_TRUE(takeovers.release("a"));
  EXPECT_FALSE(takeovers.release("a"));
  EXPECT_EQ(takeovers.holder("a"), Holder::agent);
  takeovers.take("b");
  takeovers.remove("b");
  EXPECT_EQ(takeovers.holder("b"), Holder::agent);
  EXPECT_THAT(session.all(), ElementsAre("a: user", "a: agent", "b: user")) << "a session that is gone has no browser";
}

TEST(ATakeover, EndsWhenNobodyLooks) {
  Session session(500ms);
  const auto begun = Clock::now();
  session.takeovers.take("a");
  auto seen = begun;
  const auto awaitEnd = [&](std::chrono::milliseconds seeing) {
    while (session.takeovers.holder("a") == Holder::user && Clock::now() - begun < 60s) {
      if (Clock::now() - begun < seeing) {
        seen = Clock::now();
        session.see();
      }
      std::this_thread::sleep_for(10ms);
    }
  };
  awaitEnd(600ms);
  EXPECT_GE(Clock::now() - seen, 500ms) << "it counts from the last time that somebody looked";
  EXPECT_THAT(session.all(), ElementsAre("a: user", "a: agent"));
  // What was seen before it was taken does not count.
  std::this_thread::sleep_for(50ms);
  const auto again = Clock::now();
  session.takeovers.take("a");
  awaitEnd(0ms);
  EXPECT_GE(Clock::now() - again, 500ms);
}

}  // namespace
}  // namespace agent::desktop
