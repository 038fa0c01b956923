#include "core/contract/bucket.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "core/contract/operation.hpp"
#include "core/contract/testing.hpp"

namespace mortise::contract {
namespace {

using testing::source;

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

TEST(BucketOverride, ReplacesTheContractsNumbersEverywhere) {
  const auto made = compile(
      source("notes", "contracts/notes.yaml",
             "openapi: 3.0.3\n"
             "x-mortise-buckets:\n"
             "  read: {limit: 3, window: 1m, key: ip}\n"
             "  write: {limit: 3, window: 1m, key: ip}\n"
             "  open: {limit: 3, key: user, algorithm: concurrent}\n"
             "paths:\n"
             "  /notes:\n"
             "    get: {operationId: readNotes, security: [], x-mortise-limits: [read, write], responses: {}}\n"),
      {{"notes.read", {false, 50, 300}}, {"notes.write", {true, 0, 0}}, {"notes.open", {false, 7, 0}}});
  const auto& read = *made.operations.at(0)->buckets.at(0);
  EXPECT_EQ(numbersOf(read), "50 per 300s");
  EXPECT_EQ(read.declared, "3 per 60s");
  EXPECT_TRUE(made.operations.at(0)->buckets.at(1)->off);
  const auto& open = *made.buckets.at(2);
  EXPECT_EQ(numbersOf(open), "7 at once");
  EXPECT_EQ(open.windowSeconds, 120) << "the default";
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
}  // namespace mortise::contract
