#include "core/services/cache/cache.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "core/services/redis/redis_testing.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kForever{0};
constexpr milliseconds kShort{20};

// The same behaviour in memory and in a real Redis.
class CacheTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      cache_ = Cache::open("memory:");
      return;
    }
    if (!redis::RedisPeer::installed()) GTEST_SKIP() << "redis-server is not installed";
    peer_ = std::make_unique<redis::RedisPeer>();
    cache_ = Cache::open(peer_->url());
  }
  bool vanishes(std::string_view key) {
    for (int i = 0; i < 500; ++i) {
      if (!cache_->get(key)) return true;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  std::unique_ptr<redis::RedisPeer> peer_;
  std::unique_ptr<Cache> cache_;
};

INSTANTIATE_TEST_SUITE_P(Both, CacheTest, testing::Bool(),
                         [](const auto& which) { return which.param ? "Redis" : "Memory"; });

TEST_P(CacheTest, KeepsBytesUntilTheyAreRemoved) {
  const std::string bytes("a\0b\r\n\xff", 6);
  EXPECT_EQ(cache_->get("k"), std::nullopt);
  cache_->set("k", bytes, kForever);
  EXPECT_EQ(cache_->get("k"), bytes);
  cache_->set("k", "", kForever);
  EXPECT_EQ(cache_->get("k"), "");
  EXPECT_TRUE(cache_->remove("k"));
  EXPECT_FALSE(cache_->remove("k"));
}

TEST_P(CacheTest, EntriesExpire) {
  cache_->set("k", "v", kShort);
  EXPECT_TRUE(vanishes("k"));
  EXPECT_EQ(cache_->increment("n", 1, kShort), 1);
  EXPECT_TRUE(vanishes("n"));
}

TEST_P(CacheTest, SetIfAbsentHasOneWinner) {
  EXPECT_TRUE(cache_->setIfAbsent("k", "first", kForever));
  EXPECT_FALSE(cache_->setIfAbsent("k", "second", kForever));
  EXPECT_EQ(cache_->get("k"), "first");
}

TEST_P(CacheTest, CountersCountAndRefuseText) {
  EXPECT_EQ(cache_->increment("n", 5, kForever), 5);
  EXPECT_EQ(cache_->increment("n", -7, kForever), -2);
  EXPECT_EQ(cache_->get("n"), "-2");
  cache_->set("t", "text", kForever);
  EXPECT_THROW(cache_->increment("t", 1, kForever), ServiceError);
}

TEST_P(CacheTest, AnswersAPingAndRefusesGiants) {
  EXPECT_GE(cache_->ping().count(), 0);
  EXPECT_EQ(cache_->blocking(), GetParam());
  EXPECT_THROW(cache_->set("k", std::string(9u << 20, 'x'), kForever), ServiceError);
}

TEST(MemoryCache, TheLeastRecentlyUsedEntryGoesFirst) {
  CacheOptions options;
  options.maxEntries = 2;
  const auto cache = Cache::open("memory:", options);
  cache->set("a", "1", kForever);
  cache->set("b", "2", kForever);
  cache->get("a");
  cache->set("c", "3", kForever);
  EXPECT_TRUE(cache->get("a"));
  EXPECT_FALSE(cache->get("b"));
  EXPECT_TRUE(cache->get("c"));
}

TEST(MemoryCache, BytesAreBounded) {
  CacheOptions options;
  options.maxEntries = 100;
  options.maxBytes = 1000;
  const auto cache = Cache::open("memory:", options);
  for (int i = 0; i < 20; ++i) cache->set("key" + std::to_string(i), std::string(100, 'x'), kForever);
  int present = 0;
  for (int i = 0; i < 20; ++i) present += cache->get("key" + std::to_string(i)).has_value();
  EXPECT_GT(present, 0);
  EXPECT_LE(present, 9);
}

TEST(CacheUrl, AnUnknownSchemeIsNamed) {
  try {
    Cache::open("memcached://h");
    FAIL();
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid);
    EXPECT_NE(std::string(error.what()).find("memcached"), std::string::npos);
  }
}

}  // namespace
}  // namespace mortise::services
