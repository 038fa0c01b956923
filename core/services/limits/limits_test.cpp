#include "core/services/limits/limits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/services/limits/bucket.hpp"
#include "core/services/limits/client_limits.hpp"
#include "core/services/redis/redis.hpp"
#include "core/services/redis/redis_testing.hpp"

namespace mortise::services {
namespace {

using Algorithm = limits::Bucket::Algorithm;
constexpr std::int64_t kSecond = 1'000'000;
// Far enough ahead of the real clock that Redis' own expiry never applies; a multiple of every window used here.
constexpr std::int64_t kStart = 4'000'003'200 * kSecond;

limits::Bucket bucket(Algorithm algorithm, std::int64_t limit, std::int64_t window) {
  limits::Bucket bucket;
  bucket.name = "test.bucket";
  bucket.limit = limit;
  bucket.windowSeconds = window;
  bucket.algorithm = algorithm;
  return bucket;
}

// The same arithmetic in memory and in Redis' scripts, with a clock that the test sets.
class LimitsTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const auto clock = [this] { return now_; };
    if (!GetParam()) {
      limits_ = Limits::inMemory(1000, clock);
      return;
    }
    if (!redis::RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
    peer_ = std::make_unique<redis::RedisPeer>();
    limits_ = Limits::inRedis(std::make_shared<redis::Pool>(redis::parseAddress(peer_->url())), "hash key", clock);
  }
  bool take(const limits::Bucket& from) { return limits_->take(from, "key").allowed; }

  std::int64_t now_ = kStart;
  std::unique_ptr<redis::RedisPeer> peer_;
  std::unique_ptr<Limits> limits_;
};

INSTANTIATE_TEST_SUITE_P(Both, LimitsTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "Redis" : "Memory"; });

TEST_P(LimitsTest, TokensComeBackOneByOne) {
  const auto tokens = bucket(Algorithm::tokens, 3, 30);
  EXPECT_EQ(limits_->take(tokens, "key").remaining, 2);
  EXPECT_EQ(limits_->take(tokens, "key").remaining, 1);
  EXPECT_EQ(limits_->take(tokens, "key").remaining, 0);
  Decision refused = limits_->take(tokens, "key");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retryAfterSeconds, 10);
  EXPECT_EQ(refused.limit, 3);
  EXPECT_EQ(refused.windowSeconds, 30);
  now_ += 9 * kSecond + 1;
  EXPECT_EQ(limits_->take(tokens, "key").retryAfterSeconds, 1);
  now_ += kSecond;
  EXPECT_TRUE(take(tokens));
  EXPECT_FALSE(take(tokens));
  now_ += 3600 * kSecond;
  EXPECT_EQ(limits_->take(tokens, "key").remaining, 2) << "never more than the limit";
}

TEST_P(LimitsTest, AClientIsItsNetwork) {
  const auto limit = bucket(Algorithm::slidingWindow, 2, 60);
  const auto client = [&](const char* address, const char* key = "") {
    return limits::ClientLimits(*limits_, limit, address, key);
  };
  EXPECT_TRUE(client("2001:db8::1").take().allowed);
  EXPECT_TRUE(client("2001:db8::2").take().allowed);
  EXPECT_FALSE(client("2001:db8::3").peek().allowed);
  EXPECT_FALSE(client("2001:DB8:0:0:ffff::").take().allowed);
  EXPECT_TRUE(client("2001:db8::3", "ada").take().allowed) << "another key";
  EXPECT_TRUE(client("2001:db8:0:1::1").take().allowed);
  EXPECT_TRUE(client("2001:db8:0:2::1").take().allowed);
  const auto ofSite = client("2001:db8:0:3::1").take();
  EXPECT_FALSE(ofSite.allowed);
  EXPECT_EQ(ofSite.limit, 4);
  EXPECT_FALSE(client("2001:db8:0:3::1").peek().allowed);
  client("2001:db8:0:1::1").refund();
  EXPECT_TRUE(client("2001:db8:0:3::1").take().allowed) << "the refused one had taken nothing";
  EXPECT_FALSE(client("2001:db8:0:3::1").take().allowed);
  client("2001:db8::9").reset();
  EXPECT_TRUE(client("2001:db8::9").take().allowed);
  EXPECT_TRUE(client("192.0.2.1").take().allowed);
  EXPECT_TRUE(client("::ffff:192.0.2.1").take().allowed);
  EXPECT_FALSE(client("::ffff:c000:201").take().allowed);
  EXPECT_TRUE(client("192.0.2.2").take().allowed);
}

TEST_P(LimitsTest, FixedWindowsStartAtMultiplesOfTheirLength) {
  const auto window = bucket(Algorithm::fixedWindow, 2, 60);
  now_ = kStart + 50 * kSecond;
  EXPECT_TRUE(take(window));
  EXPECT_TRUE(take(window));
  EXPECT_EQ(limits_->take(window, "key").retryAfterSeconds, 10);
  now_ = kStart + 60 * kSecond;
  EXPECT_EQ(limits_->take(window, "key").remaining, 1);
}

TEST_P(LimitsTest, ASlidingWindowForgetsEachUnitAfterItsOwnTime) {
  const auto sliding = bucket(Algorithm::slidingWindow, 2, 60);
  EXPECT_TRUE(take(sliding));
  now_ += 40 * kSecond;
  EXPECT_TRUE(take(sliding));
  EXPECT_EQ(limits_->take(sliding, "key").retryAfterSeconds, 20);
  now_ += 20 * kSecond;
  EXPECT_TRUE(take(sliding));
  EXPECT_EQ(limits_->take(sliding, "key").retryAfterSeconds, 40);
}

TEST_P(LimitsTest, SeveralUnitsOfOneInstantAllCount) {
  const auto sliding = bucket(Algorithm::slidingWindow, 3, 60);
  EXPECT_TRUE(take(sliding));
  EXPECT_TRUE(take(sliding));
  limits_->refund(sliding, "key");
  EXPECT_TRUE(take(sliding));
  EXPECT_TRUE(take(sliding));
  EXPECT_FALSE(take(sliding));
}

TEST_P(LimitsTest, ACooldownStartsWithTheTakeAndIsNotProlonged) {
  const auto cooldown = bucket(Algorithm::cooldown, 1, 60);
  now_ += 31 * kSecond;
  EXPECT_TRUE(take(cooldown));
  now_ += 59 * kSecond;
  EXPECT_EQ(limits_->take(cooldown, "key").retryAfterSeconds, 1);
  now_ += kSecond;
  EXPECT_TRUE(take(cooldown));
}

TEST_P(LimitsTest, PeekTakesNothingRefundGivesBackResetForgets) {
  for (const Algorithm algorithm :
       {Algorithm::tokens, Algorithm::fixedWindow, Algorithm::slidingWindow, Algorithm::cooldown}) {
    auto one = bucket(algorithm, 1, 60);
    one.name += std::to_string(static_cast<int>(algorithm));
    EXPECT_EQ(limits_->peek(one, "key").remaining, 1);
    EXPECT_EQ(limits_->peek(one, "key").remaining, 1);
    EXPECT_TRUE(take(one));
    EXPECT_FALSE(limits_->peek(one, "key").allowed);
    limits_->refund(one, "key");
    EXPECT_TRUE(take(one));
    EXPECT_FALSE(take(one));
    limits_->reset(one, "key");
    EXPECT_TRUE(take(one));
    limits_->refund(one, "never taken");
    EXPECT_EQ(limits_->peek(one, "never taken").remaining, 1);
  }
}

TEST_P(LimitsTest, KeysAndBucketsAreApart) {
  auto first = bucket(Algorithm::tokens, 1, 60);
  auto second = first;
  second.name = "test.other";
  EXPECT_TRUE(take(first));
  EXPECT_TRUE(take(second));
  EXPECT_TRUE(limits_->take(first, "other key").allowed);
  EXPECT_TRUE(limits_->take(first, std::string(2000, 'x')).allowed);
  EXPECT_FALSE(take(first));
}

TEST_P(LimitsTest, ImpossibleBucketsAreRefused) {
  EXPECT_THROW(take(bucket(Algorithm::tokens, 0, 60)), ServiceError);
  EXPECT_THROW(take(bucket(Algorithm::tokens, 1, 0)), ServiceError);
  EXPECT_THROW(take(bucket(Algorithm::slidingWindow, 100'000, 60)), ServiceError);
}

TEST_P(LimitsTest, LeasesAreHeldAtOnceAndFreedByReleaseOrStaleness) {
  const auto open = bucket(Algorithm::concurrent, 2, 120);
  const auto lease = [&](const char* name) { return limits_->lease(open, "key", name); };
  EXPECT_EQ(lease("a").remaining, 1);
  now_ += 10 * kSecond;
  EXPECT_EQ(lease("b").remaining, 0);
  const Decision refused = lease("c");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retryAfterSeconds, 110) << "until the oldest is stale";
  EXPECT_EQ(refused.limit, 2);
  EXPECT_EQ(refused.windowSeconds, 120);
  EXPECT_TRUE(limits_->lease(open, "other key", "c").allowed);
  limits_->release(open, "key", "b");
  limits_->release(open, "key", "never held");
  EXPECT_TRUE(lease("c").allowed);
  now_ += 100 * kSecond;
  limits_->renew(open, "key", {"c"});
  now_ += 10 * kSecond;  // "a" is 120 s old now, "c" was renewed
  EXPECT_TRUE(lease("d").allowed);
  EXPECT_FALSE(lease("e").allowed);
  now_ += 119 * kSecond;
  EXPECT_EQ(lease("e").remaining, 0) << "c is stale";
  limits_->renew(open, "key", {"d", "e"});
  EXPECT_FALSE(lease("f").allowed);
}

TEST_P(LimitsTest, ARenewalBringsALostLeaseBack) {
  const auto open = bucket(Algorithm::concurrent, 1, 120);
  std::vector<std::string> many;
  for (int i = 0; i < 1200; ++i) many.push_back("lease " + std::to_string(i));
  limits_->renew(open, "key", many);
  EXPECT_FALSE(limits_->lease(open, "key", "a").allowed);
  for (const auto& lease : many) limits_->release(open, "key", lease);
  EXPECT_TRUE(limits_->lease(open, "key", "a").allowed);
}

TEST_P(LimitsTest, ABucketThatIsOffAllowsEverything) {
  for (const Algorithm algorithm : {Algorithm::tokens, Algorithm::slidingWindow, Algorithm::concurrent}) {
    auto off = bucket(algorithm, 1, 120);
    off.off = true;
    for (int i = 0; i < 3; ++i) {
      const auto name = std::to_string(i);
      EXPECT_TRUE(
          (algorithm == Algorithm::concurrent ? limits_->lease(off, "key", name) : limits_->take(off, "key")).allowed);
    }
  }
}

TEST_P(LimitsTest, LeasesAndTakesDoNotMix) {
  EXPECT_THROW(take(bucket(Algorithm::concurrent, 1, 120)), ServiceError);
  EXPECT_THROW(limits_->lease(bucket(Algorithm::tokens, 1, 60), "key", "a"), ServiceError);
}

TEST(MemoryLimits, FourThreadsGetExactlyTheLimit) {
  const auto limits = Limits::inMemory();
  EXPECT_FALSE(limits->blocking());
  const auto tokens = bucket(Algorithm::fixedWindow, 1000, 86400);
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) allowed += limits->take(tokens, "key").allowed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 1000);
}

TEST(MemoryLimits, AFloodOfKeysIsBoundedAndAHeavyKeyKeepsItsCount) {
  std::int64_t now = kStart;
  const auto limits = Limits::inMemory(6400, [&] { return now; });
  const auto slow = bucket(Algorithm::tokens, 1, 86400);
  auto quick = bucket(Algorithm::tokens, 1000, 60);
  quick.name = "test.quick";
  EXPECT_TRUE(limits->take(slow, "victim").allowed);
  // Entries that expire soonest go first, so a flood through a short window does not evict a day's count.
  for (int i = 0; i < 100'000; ++i) limits->take(quick, "flood" + std::to_string(i));
  EXPECT_FALSE(limits->take(slow, "victim").allowed);
}

TEST(MemoryLimits, ExpiredKeysMakeRoomWhileOthersCome) {
  std::int64_t now = kStart;
  const auto limits = Limits::inMemory(6400, [&] { return now; });
  auto brief = bucket(Algorithm::tokens, 10, 1);
  auto log = bucket(Algorithm::slidingWindow, 100, 1);
  log.name = "test.log";
  for (int i = 0; i < 20'000; ++i) {
    now += 1000;  // each is dropped after a hundred others
    EXPECT_TRUE(limits->take(brief, std::to_string(i)).allowed);
    EXPECT_TRUE(limits->take(log, std::to_string(i % 50)).allowed);
  }
}

TEST(RedisLimits, ServersThatShareRedisShareCountsAndAreUnavailableWithoutIt) {
  if (!redis::RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
  redis::RedisPeer peer;
  redis::Options options;
  options.pause = std::chrono::milliseconds(0);
  const auto open = [&] {
    return Limits::inRedis(std::make_shared<redis::Pool>(redis::parseAddress(peer.url()), options), "hash key");
  };
  const auto one = open();
  const auto two = open();
  EXPECT_TRUE(one->blocking());
  const auto cooldown = bucket(Algorithm::cooldown, 1, 600);
  EXPECT_TRUE(one->take(cooldown, "ada@example.org").allowed);
  EXPECT_FALSE(two->take(cooldown, "ada@example.org").allowed);
  redis::Pool pool(redis::parseAddress(peer.url()));
  for (const auto& key : pool.command({"KEYS", "*"}).items)
    EXPECT_EQ(key.text.find("ada"), std::string::npos) << key.text;
  peer.kill();
  try {
    one->take(cooldown, "ada@example.org");
    FAIL() << "no error";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
  }
  peer.start();
  EXPECT_TRUE(one->take(cooldown, "ada@example.org").allowed);
}

}  // namespace
}  // namespace mortise::services
