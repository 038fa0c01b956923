#include "core/base/fair_queue.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mortise {
namespace {

std::vector<std::string> drained(FairQueue<std::string>& queue) {
  std::vector<std::string> items;
  while (!queue.empty()) items.push_back(queue.pop());
  return items;
}

TEST(FairQueue, OwnersTakeTurnsAndKeepTheirOrder) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3", "a4"}) queue.push("a", item);
  queue.push("b", "b1");
  queue.push("c", "c1");
  queue.push("b", "b2");
  EXPECT_EQ(queue.size(), 7u);
  EXPECT_EQ(drained(queue), (std::vector<std::string>{"a1", "b1", "c1", "a2", "b2", "a3", "a4"}));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(FairQueue, ANewcomerWaitsForOneItemOfEachOwnerOnly) {
  FairQueue<std::string> queue;
  for (int i = 0; i < 50; ++i) queue.push("flood", "flood");
  EXPECT_EQ(queue.pop(), "flood");
  queue.push("other", "other");
  EXPECT_EQ(queue.pop(), "flood");
  EXPECT_EQ(queue.pop(), "other");
}

TEST(FairQueue, MakesRoomFromWhoHasMost) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3"}) queue.push("a", item);
  for (const char* item : {"b1", "b2"}) queue.push("b", item);
  EXPECT_EQ(queue.makeRoomFor("c"), "a3");
  queue.push("c", "c1");
  EXPECT_EQ(queue.makeRoomFor("c"), std::nullopt) << "c would have two, as many as the others";
  EXPECT_EQ(queue.makeRoomFor("a"), std::nullopt);
  EXPECT_EQ(queue.makeRoomFor("d").value().back(), '2');
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(drained(queue).size(), 4u);
}

TEST(FairQueue, NobodyLosesAnOnlyItem) {
  FairQueue<std::string> queue;
  for (const char* owner : {"a", "b", "c"}) queue.push(owner, owner);
  EXPECT_EQ(queue.makeRoomFor("d"), std::nullopt);
  EXPECT_EQ(queue.makeRoomFor("a"), std::nullopt);
  EXPECT_EQ(FairQueue<std::string>().makeRoomFor("a"), std::nullopt);
}

}  // namespace
}  // namespace mortise
