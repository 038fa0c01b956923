#include "core/services/events/events.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/services/redis/redis.hpp"
#include "core/services/redis/redis_testing.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;

// Collects the events of a subscriber and waits for them.
class Inbox {
 public:
  Events::Handler handler() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    };
  }
  std::vector<Event> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return events_.size() >= count; });
    return events_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
};

TEST(Events, EachSubscriberGetsItsTopicsInOrder) {
  Inbox exact, prefix;
  Events events;
  events.subscribe("job.done", exact.handler());
  events.subscribe("job.*", prefix.handler());
  EXPECT_EQ(events.publish("other", "x"), 0u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(events.publish("job.done", std::to_string(i)), 2u);
  EXPECT_EQ(events.publish("job.started", "last"), 1u);
  const auto got = exact.wait(200);
  ASSERT_EQ(got.size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)].payload, std::to_string(i));
  EXPECT_EQ(prefix.wait(201).back().payload, "last");
}

TEST(Events, ASlowSubscriberLosesItsOwnEventsOnlyAndIsTold) {
  EventsOptions options;
  options.queueLength = 2;
  Inbox fast, slow;
  std::promise<void> entered, release;
  Events events(options);
  events.subscribe("t", [&, keep = slow.handler()](const Event& event) {
    if (event.payload == "0") {
      entered.set_value();
      release.get_future().wait();
    }
    keep(event);
  });
  events.subscribe("t", fast.handler());
  events.publish("t", "0");
  entered.get_future().wait();
  for (std::size_t i = 1; i <= 5; ++i) {
    events.publish("t", std::to_string(i));  // two of them fit
    fast.wait(i + 1);
  }
  release.set_value();
  EXPECT_EQ(fast.wait(6).size(), 6u);
  ASSERT_EQ(slow.wait(3).size(), 3u);
  events.publish("t", "end");
  const auto got = slow.wait(4);
  ASSERT_EQ(got.size(), 4u);
  EXPECT_EQ(got[2].payload, "2");
  EXPECT_EQ(got[3].payload, "end");
  EXPECT_EQ(got[3].lost, 3u);
  EXPECT_EQ(got[2].lost, 0u);
}

TEST(Events, AHandlerThatThrowsGetsTheNextEventToo) {
  std::atomic<int> calls{0};
  Inbox after;
  Events events;
  events.subscribe("t", [&](const Event&) {
    ++calls;
    throw std::runtime_error("oops");
  });
  events.subscribe("t", after.handler());
  events.publish("t", "1");
  events.publish("t", "2");
  after.wait(2);
  for (int i = 0; i < 500 && calls < 2; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(calls, 2);
}

TEST(Events, UnsubscribeWaitsForTheRunningHandler) {
  std::promise<void> entered;
  std::atomic<bool> over{false};
  Events events;
  const auto id = events.subscribe("t", [&](const Event&) {
    entered.set_value();
    std::this_thread::sleep_for(milliseconds(50));
    over = true;
  });
  events.publish("t", "1");
  entered.get_future().wait();
  events.unsubscribe(id);
  EXPECT_TRUE(over);
  EXPECT_EQ(events.publish("t", "2"), 0u);
}

TEST(Events, BadTopicsAndGiantsAreRefused) {
  Events events;
  EXPECT_THROW(events.publish("", "x"), ServiceError);
  EXPECT_THROW(events.publish("a\nb", "x"), ServiceError);
  EXPECT_THROW(events.publish("a*", "x"), ServiceError);
  EXPECT_THROW(events.publish("a", std::string(2u << 20, 'x')), ServiceError);
}

TEST(Events, ReachOtherServersThroughRedisAndComeBackAfterItsRestart) {
  if (!redis::RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
  redis::RedisPeer peer;
  redis::Options options;
  options.pause = milliseconds(0);
  const auto pool = [&] { return std::make_shared<redis::Pool>(redis::parseAddress(peer.url()), options); };
  const auto waitFor = [](const auto& condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(10));
    return condition();
  };
  Inbox here, there;
  Events one({}, pool());
  Events two({}, pool());
  one.subscribe("t", here.handler());
  two.subscribe("t", there.handler());
  ASSERT_TRUE(waitFor([&] { return one.bridged() && two.bridged(); }));
  EXPECT_EQ(one.publish("t", "a\nb"), 1u);
  auto got = there.wait(1);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].payload, "a\nb");
  EXPECT_TRUE(got[0].remote);
  EXPECT_EQ(here.wait(1).size(), 1u) << "one's own event must not come back";

  peer.kill();
  ASSERT_TRUE(waitFor([&] { return !two.bridged(); }));
  EXPECT_EQ(one.publish("t", "lost on the way"), 1u);  // local subscribers still get it
  EXPECT_EQ(here.wait(2).size(), 2u);
  peer.start();
  ASSERT_TRUE(waitFor([&] { return one.bridged() && two.bridged(); }));
  one.publish("t", "after");
  got = there.wait(2);
  ASSERT_GE(got.size(), 2u);
  EXPECT_GE(got[1].lost, 1u) << "a gap must show";
}

}  // namespace
}  // namespace mortise::services
