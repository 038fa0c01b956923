#include <gtest/gtest.h>

#include <mortise/uuid.hpp>

#include <chrono>
#include <regex>
#include <set>
#include <string>

namespace mortise {
namespace {

TEST(Uuid, IsRandomVersionFourInLowerCase) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto id = makeUuid();
    EXPECT_TRUE(std::regex_match(id, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
        << id;
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Uuid, VersionSevenSortsByTime) {
  const auto early = makeUuid7();
  EXPECT_TRUE(
      std::regex_match(early, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
      << early;
  const auto time = [](const std::string& id) { return id.substr(0, 8) + id.substr(9, 4); };
  auto late = makeUuid7();
  while (time(late) == time(early)) late = makeUuid7();
  EXPECT_LT(early, late);
  EXPECT_EQ(std::stoll(time(late), nullptr, 16) / 86'400'000,
            std::chrono::system_clock::now().time_since_epoch() / std::chrono::hours(24));
}

TEST(PrefixedId, HasTwoHexDigitsForEachByte) {
  EXPECT_TRUE(std::regex_match(makePrefixedId("inv_"), std::regex("inv_[0-9a-f]{16}")));
  EXPECT_TRUE(std::regex_match(makePrefixedId("ra_", 12), std::regex("ra_[0-9a-f]{24}")));
  EXPECT_NE(makePrefixedId("x"), makePrefixedId("x"));
}

}  // namespace
}  // namespace mortise
