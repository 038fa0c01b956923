#include "core/services/limits/bucket.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace mortise::services::limits {
namespace {

TEST(BucketOverride, ReadsLimitWindowAndOff) {
  const auto [name, both] = readOverride("auth.login_ip=50/5m");
  EXPECT_EQ(name, "auth.login_ip");
  EXPECT_EQ(both.limit, 50);
  EXPECT_EQ(both.windowSeconds, 300);
  EXPECT_FALSE(both.off);
  const auto limitOnly = readOverride(" agent.ws = 8 ").second;
  EXPECT_EQ(limitOnly.limit, 8);
  EXPECT_EQ(limitOnly.windowSeconds, 0);
  EXPECT_TRUE(readOverride("auth.sends_ip=off").second.off);
}

TEST(BucketOverride, RefusesWhatItCantRead) {
  for (const char* entry : {"", "auth.login_ip", "auth.login_ip=", "=5", "a.b=0", "a.b=-1", "a.b=5/", "a.b=5/soon",
                            "a.b=5/0", "a.b=5x", "a.b=on", "a.b=5/1y"}) {
    EXPECT_THROW(readOverride(entry), std::runtime_error) << entry;
  }
}

TEST(Bucket, ThatOfASiteHasAHigherLimitWhichCanBeCounted) {
  Bucket bucket;
  bucket.name = "auth.login_ip";
  bucket.windowSeconds = 60;
  for (const auto algorithm :
       {Bucket::Algorithm::tokens, Bucket::Algorithm::slidingWindow, Bucket::Algorithm::concurrent,
        Bucket::Algorithm::fixedWindow, Bucket::Algorithm::cooldown}) {
    bucket.algorithm = algorithm;
    for (const std::int64_t limit :
         {std::int64_t{1}, std::int64_t{30}, std::int64_t{10'000}, std::int64_t{1'000'000'000}}) {
      bucket.limit = limit;
      if (!faultOf(bucket).empty()) continue;
      const auto site = ofSite(bucket);
      EXPECT_EQ(faultOf(site), "");
      EXPECT_GE(site.limit, limit);
      EXPECT_NE(site.name, bucket.name);
    }
  }
  bucket.limit = 30;
  EXPECT_EQ(ofSite(bucket).limit, 60);
}

TEST(Bucket, NamesTheFaultOfItsNumbers) {
  Bucket bucket;
  bucket.limit = 20'000;
  bucket.windowSeconds = 60;
  EXPECT_EQ(faultOf(bucket), "");
  bucket.algorithm = Bucket::Algorithm::slidingWindow;
  EXPECT_NE(faultOf(bucket), "");
  bucket.algorithm = Bucket::Algorithm::concurrent;
  EXPECT_NE(faultOf(bucket), "");
  bucket.limit = 10;
  EXPECT_EQ(faultOf(bucket), "");
  bucket.windowSeconds = 20;
  EXPECT_NE(faultOf(bucket), "");
  bucket.off = true;
  EXPECT_EQ(faultOf(bucket), "");
}

}  // namespace
}  // namespace mortise::services::limits
