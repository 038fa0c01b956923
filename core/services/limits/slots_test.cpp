#include "core/services/limits/slots.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/services/limits/client_limits.hpp"
#include "core/services/redis/redis.hpp"
#include "core/services/redis/redis_testing.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;

std::shared_ptr<const limits::Bucket> concurrent(std::int64_t limit) {
  auto bucket = std::make_shared<limits::Bucket>();
  bucket->name = "test.open";
  bucket->limit = limit;
  bucket->windowSeconds = 120;
  bucket->algorithm = limits::Bucket::Algorithm::concurrent;
  return bucket;
}

template <typename Condition>
bool becomes(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    try {
      if (condition()) return true;
    } catch (const ServiceError&) {  // Redis has just returned, and another thread's call is the probe
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

class SlotsTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      limits_ = Limits::inMemory();
      return;
    }
    if (!redis::RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
    peer_ = std::make_unique<redis::RedisPeer>();
    limits_ = open();
  }
  std::unique_ptr<Limits> open() const {
    redis::Options options;
    options.pause = milliseconds(0);
    options.leaseTimeout = milliseconds(20000);  // the machine may be busy
    return Limits::inRedis(std::make_shared<redis::Pool>(redis::parseAddress(peer_->url()), options), "hash key");
  }
  std::unique_ptr<redis::RedisPeer> peer_;
  std::unique_ptr<Limits> limits_;
};

INSTANTIATE_TEST_SUITE_P(Both, SlotsTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "Redis" : "Memory"; });

TEST_P(SlotsTest, ASlotIsFreeAgainWhenItsHolderGoes) {
  Slots slots(*limits_);
  const auto bucket = concurrent(1);
  Slots::Held one, two;
  EXPECT_TRUE(slots.take(bucket, "ada", one).allowed);
  EXPECT_FALSE(slots.take(bucket, "ada", two).allowed);
  EXPECT_TRUE(slots.take(bucket, "bob", two).allowed);
  EXPECT_EQ(slots.inUse("test.open"), 2u);
  Slots::Held moved = std::move(one);
  moved.release();
  moved.release();  // a second time does nothing
  EXPECT_EQ(slots.inUse("test.open"), 1u);
  Slots::Held next;
  EXPECT_TRUE(becomes([&] { return slots.take(bucket, "ada", next).allowed; }));
}

TEST_P(SlotsTest, WhatWasReleasedCanBeTakenAtOnce) {
  Slots slots(*limits_, milliseconds(1));  // renewed all the time, too
  const auto bucket = concurrent(2);
  std::vector<std::thread> clients;
  for (const auto* who : {"ada", "bob", "eve"}) {
    clients.emplace_back([&, who] {
      int refused = 0;
      for (int i = 0; i < 500; ++i) {
        Slots::Held one, two, three;
        try {
          refused += slots.take(bucket, who, one).allowed ? 0 : 1;
          refused += slots.take(bucket, who, two).allowed ? 0 : 1;
          EXPECT_FALSE(slots.take(bucket, who, three).allowed);
        } catch (const ServiceError& error) {
          ADD_FAILURE() << error.what();
        }
      }
      EXPECT_EQ(refused, 0) << who;
    });
  }
  for (auto& client : clients) client.join();
}

TEST_P(SlotsTest, AClientIsItsNetwork) {
  Slots slots(*limits_);
  const auto bucket = concurrent(1);
  std::vector<Slots::Held> held, more;
  EXPECT_TRUE(limits::takeSlots(slots, bucket, "2001:db8::1", held).allowed);
  EXPECT_FALSE(limits::takeSlots(slots, bucket, "2001:db8::2", more).allowed);
  EXPECT_TRUE(limits::takeSlots(slots, bucket, "2001:db8:0:1::1", more).allowed);
  std::vector<Slots::Held> refused;
  EXPECT_FALSE(limits::takeSlots(slots, bucket, "2001:db8:0:2::1", refused).allowed);
  EXPECT_TRUE(refused.empty());
  more.clear();
  EXPECT_TRUE(becomes([&] { return limits::takeSlots(slots, bucket, "2001:db8:0:2::1", more).allowed; }));
  EXPECT_TRUE(limits::takeSlots(slots, bucket, "192.0.2.1", held).allowed);
  EXPECT_FALSE(limits::takeSlots(slots, bucket, "::ffff:192.0.2.1", held).allowed);
}

TEST_P(SlotsTest, TheHeartbeatKeepsWhatIsHeldAndNothingElse) {
  Slots slots(*limits_, milliseconds(5));
  const auto bucket = concurrent(3);
  Slots::Held slot;
  EXPECT_TRUE(slots.take(bucket, "ada", slot).allowed);
  for (int i = 0; i < 200; ++i) {  // ends while it is renewed, again and again
    Slots::Held brief;
    slots.take(bucket, "ada", brief);
  }
  Slots::Held second, third;
  EXPECT_TRUE(becomes([&] { return slots.take(bucket, "ada", second).allowed; }));
  EXPECT_TRUE(becomes([&] { return slots.take(bucket, "ada", third).allowed; }));
  Slots::Held fourth;
  EXPECT_FALSE(slots.take(bucket, "ada", fourth).allowed);
}

TEST_P(SlotsTest, AServerThatStopsGivesItsSlotsBack) {
  const auto bucket = concurrent(1);
  {
    Slots slots(*limits_);
    Slots::Held held;
    EXPECT_TRUE(slots.take(bucket, "ada", held).allowed);
  }
  Slots next(*limits_);
  Slots::Held held;
  EXPECT_TRUE(next.take(bucket, "ada", held).allowed);
}

TEST(SlotsInRedis, SurviveARestartOfRedisAndAreGivenBackLate) {
  if (!redis::RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
  redis::RedisPeer peer;
  redis::Options options;
  options.pause = milliseconds(0);
  const auto limits =
      Limits::inRedis(std::make_shared<redis::Pool>(redis::parseAddress(peer.url()), options), "hash key");
  const auto bucket = concurrent(1);
  Slots slots(*limits, milliseconds(20)), other(*limits);
  Slots::Held held, refused;
  EXPECT_TRUE(slots.take(bucket, "ada", held).allowed);
  EXPECT_FALSE(other.take(bucket, "ada", refused).allowed);
  peer.kill();
  peer.start();  // lost everything, until the next heartbeat
  EXPECT_TRUE(becomes([&] {
    Slots::Held probe;
    return !other.take(bucket, "ada", probe).allowed;
  }));
  peer.kill();
  held.release();
  peer.start();
  EXPECT_TRUE(becomes([&] { return other.take(bucket, "ada", refused).allowed; }));
}

}  // namespace
}  // namespace mortise::services
