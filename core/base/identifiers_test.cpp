#include "core/base/identifiers.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "core/base/text.hpp"

namespace mortise {
namespace {

TEST(Uuid, CarriesVersionAndVariant) {
  const std::string four = uuid4();
  const std::string seven = uuid7();
  EXPECT_TRUE(isUuid(four));
  EXPECT_TRUE(isUuid(seven));
  EXPECT_EQ(four[14], '4');
  EXPECT_EQ(seven[14], '7');
  EXPECT_NE(std::string("89ab").find(four[19]), std::string::npos);
  EXPECT_NE(std::string("89ab").find(seven[19]), std::string::npos);
}

TEST(Uuid, SevenGrowsWithEveryCall) {
  std::string last = uuid7();
  for (int i = 0; i < 10000; ++i) {
    const std::string next = uuid7();
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST(Uuid, SevenIsUniqueAcrossThreads) {
  std::vector<std::vector<std::string>> ids(4);
  std::vector<std::thread> threads;
  for (auto& list : ids) {
    threads.emplace_back([&list] {
      for (int i = 0; i < 2000; ++i) list.push_back(uuid7().substr(0, 18));  // the time part alone
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& list : ids) all.insert(list.begin(), list.end());
  EXPECT_EQ(all.size(), 8000u);
}

TEST(Uuid, KnowsItsForm) {
  EXPECT_TRUE(isUuid("0190A1B2-0000-7000-8000-00000000000f"));
  EXPECT_FALSE(isUuid(""));
  EXPECT_FALSE(isUuid("0190a1b2-0000-7000-8000-00000000000"));
  EXPECT_FALSE(isUuid("0190a1b2-0000-7000-8000-00000000000g"));
  EXPECT_FALSE(isUuid("0190a1b20-000-7000-8000-00000000000f"));
}

TEST(Times, AreWrittenAsIso8601) {
  EXPECT_EQ(isoMillis(1771925400123456), "2026-02-24T09:30:00.123Z");
  EXPECT_EQ(isoMicros(1771925400123456), "2026-02-24T09:30:00.123456Z");
  EXPECT_EQ(isoOffset(1771925400123456), "2026-02-24T09:30:00.123456+00:00");
  EXPECT_EQ(isoMicros(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(isoMicros(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(isoMillis(951782399999999), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(isoMillis(951782400000000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(isoMillis(253402300799999999), "9999-12-31T23:59:59.999Z");
}

TEST(Hashes, MatchPublishedVectors) {
  EXPECT_EQ(text::hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(text::hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 4231, cases 2 and 6 (a key longer than a block)
  EXPECT_EQ(text::hex(hmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(text::hex(hmacSha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Random, GivesAsManyBytesAsAsked) {
  EXPECT_EQ(randomBytes(0), "");
  EXPECT_EQ(randomBytes(33).size(), 33u);
  EXPECT_NE(randomBytes(32), randomBytes(32));
}

TEST(Comparison, LooksAtEveryByte) {
  EXPECT_TRUE(equalsConstantTime("abc", "abc"));
  EXPECT_TRUE(equalsConstantTime("", ""));
  EXPECT_FALSE(equalsConstantTime("abc", "abd"));
  EXPECT_FALSE(equalsConstantTime("abc", "ab"));
}

}  // namespace
}  // namespace mortise
