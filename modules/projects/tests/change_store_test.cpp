// The table of what happened in projects, on both databases.
#include "changes/change_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <optional>
#include <string>
#include <vector>

namespace projects {
namespace {

using mortise::timeOf;

class ChangeStoreTest : public mortise::testing::DatabaseTest {
 protected:
  ChangeStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  void add(const std::string& projectId, std::int64_t at) {
    RecordedChange change;
    change.projectId = projectId;
    change.number = store_.nextNumber(projectId);
    change.reference = projectId;
    change.change = "updated";
    change.at = timeOf(at);
    store_.add({change});
  }
  std::vector<std::int64_t> numbers(const std::string& projectId) {
    std::vector<std::int64_t> out;
    for (const auto& change : store_.after(projectId, 0, 1000)) out.push_back(change.number);
    return out;
  }

  ChangeStore store_{db()};
};

MORTISE_ON_EVERY_DATABASE(ChangeStoreTest);

TEST_P(ChangeStoreTest, NumbersAreCountedInEachProject) {
  for (int n = 0; n < 3; ++n) add("proj_1", n);
  add("proj_2", 9);
  EXPECT_EQ(store_.nextNumber("proj_1"), 4);
  EXPECT_EQ(store_.nextNumber("proj_3"), 1);
  EXPECT_EQ(store_.rangeOf("proj_1").oldest, 1);
  EXPECT_EQ(store_.rangeOf("proj_1").newest, 3);
  EXPECT_EQ(store_.rangeOf("proj_3").newest, 0);
  EXPECT_EQ(store_.after("proj_1", 1, 1).at(0).number, 2);
  store_.remove("proj_1");
  EXPECT_EQ(numbers("proj_1"), std::vector<std::int64_t>{});
  EXPECT_EQ(numbers("proj_2"), std::vector<std::int64_t>{1});
}

TEST_P(ChangeStoreTest, StepsForgetOldChangesButTheNewestOfEachProject) {
  for (const auto* id : {"proj_1", "proj_2", "proj_3"}) add(id, 1);
  for (const auto* id : {"proj_1", "proj_2"}) add(id, 2);
  add("proj_1", 100);
  std::optional<ChangeStore::Place> place = ChangeStore::Place();
  std::int64_t count = 0, steps = 0;
  for (; place; ++steps) {
    const auto forgotten = store_.forgetBefore(timeOf(100), *place, 2);
    count += forgotten.count;
    place = forgotten.next;
  }
  EXPECT_EQ(count, 3);
  EXPECT_EQ(steps, 3) << "five old ones, two in a step";
  EXPECT_EQ(numbers("proj_1"), std::vector<std::int64_t>{3});
  EXPECT_EQ(numbers("proj_2"), std::vector<std::int64_t>{2});
  EXPECT_EQ(numbers("proj_3"), std::vector<std::int64_t>{1});
}

TEST_P(ChangeStoreTest, EveryStatementWalksAlongAnIndex) {
  database().fill("projects_changes", mortise::testing::kManyRows,
                  {{"project_id", "'proj_' || (n % 5000)"},
                   {"number", "n"},
                   {"event", "'ticket_changed'"},
                   {"reference", "'tk_' || n"},
                   {"change", "'started'"},
                   {"user_id", "'user'"},
                   {"at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.nextNumber("proj_5");
    store_.after("proj_5", 3, 500);
    store_.rangeOf("proj_5");
    store_.forgetBefore(timeOf(50'000), {timeOf(10'000), "proj_5", 3}, 1000);
    store_.remove("proj_5");
  }));
}

}  // namespace
}  // namespace projects
