#include "runs/finding_comparison.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace projects {
namespace {

FindingComparison compared(const std::string& a, const std::string& b) {
  return compareFindings(findingsOf(a), findingsOf(b));
}

TEST(FindingComparison, MatchesByRuleOrTitleFileAndLine) {
  const auto result = compared(
      R"([{"rule":"r1","file":"a.cpp","line":3,"severity":"HIGH"},{"title":"t","file":"b.cpp"},{"rule":"gone"}])",
      R"([{"title":"t","file":"b.cpp","note":"again"},{"rule":"r1","file":"a.cpp","line":"3"},{"rule":"r1","file":"a.cpp","line":4}])");
  ASSERT_EQ(result.unchanged.size(), 2u);
  EXPECT_EQ(result.unchanged[0], R"({"title":"t","file":"b.cpp","note":"again"})");
  ASSERT_EQ(result.added.size(), 1u);
  EXPECT_EQ(result.added[0], R"({"rule":"r1","file":"a.cpp","line":4})");
  ASSERT_EQ(result.removed.size(), 1u);
  EXPECT_EQ(result.removed[0], R"({"rule":"gone"})");
  EXPECT_EQ(result.severityCountsA.at("high"), 1);
  EXPECT_EQ(result.severityCountsA.at("none"), 2);
  EXPECT_EQ(result.severityCountsB.at("none"), 3);
  EXPECT_FALSE(result.truncated);
}

TEST(FindingComparison, MatchesWhatIsThereTwiceOneByOne) {
  const auto result = compared(R"([{"rule":"r"},{"rule":"r"},{"rule":"r"}])", R"([{"rule":"r"}])");
  EXPECT_EQ(result.unchanged.size(), 1u);
  EXPECT_EQ(result.removed.size(), 2u);
  EXPECT_TRUE(result.added.empty());
}

TEST(FindingComparison, TellsTheFirstOnesInTheirOrder) {
  const auto result =
      compared(R"([{"rule":"a"},{"rule":"b","n":1},{"rule":"c"},{"rule":"b","n":2}])", R"([{"rule":"b"}])");
  EXPECT_EQ(result.removed, (std::vector<std::string>{R"({"rule":"a"})", R"({"rule":"c"})", R"({"rule":"b","n":2})"}));
  std::string many = "[";
  for (int i = 0; i < 300; ++i) many += (i > 0 ? "," : "") + std::string(R"({"rule":"r)") + std::to_string(i) + "\"}";
  const auto long_ = compared(many + "]", "[]");
  ASSERT_EQ(long_.removed.size(), kMaxCompared);
  EXPECT_EQ(long_.removed.front(), R"({"rule":"r0"})");
  EXPECT_EQ(long_.removed.back(), R"({"rule":"r199"})");
}

TEST(FindingComparison, TakesAnythingAndIsBounded) {
  EXPECT_TRUE(findingsOf("nonsense").empty());
  EXPECT_TRUE(findingsOf("{}").empty());
  EXPECT_TRUE(findingsOf(R"(["text",1,null])").empty());
  std::string many = "[";
  for (int i = 0; i < 1000; ++i) many += (i > 0 ? "," : "") + std::string(R"({"rule":"r)") + std::to_string(i) + "\"}";
  many += "]";
  const auto result = compareFindings({}, findingsOf(many));
  EXPECT_EQ(result.added.size(), kMaxCompared);
  EXPECT_TRUE(result.truncated);
  EXPECT_EQ(result.severityCountsB.at("none"), 1000);
}

}  // namespace
}  // namespace projects
