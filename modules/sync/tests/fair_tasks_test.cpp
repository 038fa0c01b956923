#include "archives/fair_tasks.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace session_sharing {
namespace {

std::vector<int> all(FairTasks<int>& tasks) {
  std::vector<int> out;
  while (const auto task = tasks.take()) out.push_back(*task);
  return out;
}

TEST(FairTasks, WhoSentManyLetsOthersGoBetween) {
  FairTasks<int> tasks(100, 50);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(tasks.add("many", int(i)));
  EXPECT_TRUE(tasks.add("one", 10));
  EXPECT_TRUE(tasks.add("two", 20));
  EXPECT_TRUE(tasks.add("two", 21));
  EXPECT_EQ(tasks.size(), 7U);
  EXPECT_EQ(all(tasks), (std::vector<int>{0, 10, 20, 1, 21, 2, 3}));
  EXPECT_EQ(tasks.size(), 0U);
}

TEST(FairTasks, OneAloneHasAllTurns) {
  FairTasks<int> tasks(100, 50);
  EXPECT_TRUE(tasks.add("one", 1));
  EXPECT_EQ(tasks.take(), 1);
  EXPECT_EQ(tasks.take(), std::nullopt);
  EXPECT_TRUE(tasks.add("one", 2));
  EXPECT_TRUE(tasks.add("one", 3));
  EXPECT_EQ(all(tasks), (std::vector<int>{2, 3}));
}

TEST(FairTasks, AreBoundedInAllAndOfOne) {
  FairTasks<int> tasks(3, 2);
  EXPECT_TRUE(tasks.add("one", 1));
  EXPECT_TRUE(tasks.add("one", 2));
  EXPECT_FALSE(tasks.add("one", 3));
  EXPECT_TRUE(tasks.add("two", 4));
  EXPECT_FALSE(tasks.add("three", 5));
  EXPECT_EQ(all(tasks), (std::vector<int>{1, 4, 2}));
  EXPECT_TRUE(tasks.add("three", 6));
}

}  // namespace
}  // namespace session_sharing
