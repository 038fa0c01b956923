// Checks that a list stays quick when its table grows: the plan of every statement that it can run.
//   database().fill("desk_tickets", mortise::testing::kManyRows, {...});
//   database().analyze();
//   EXPECT_PLANS(plansAreIndexed(database(), [&] {
//     for (const auto& query : everyQuery()) store_.list(query);
//   }));
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>

#include "mortise/testing/test_database.hpp"

namespace mortise::testing {

// As many rows as a planner needs to show what it does with a large table.
inline constexpr std::int64_t kManyRows = 100000;

// What a plan may do besides walking along an index.
struct PlanRules {
  // Conditions that no index helps with, as contains() has: an index may then be read from end to end, the table not.
  bool mayFilter = false;
  // Sorting up to so many rows, by PostgreSQL's estimate, is not worth an index.
  double smallSort = 500;
  // Rows that are equal in the first columns of an order may be sorted among themselves: few, where that is a time.
  bool maySortTies = false;
};

// What the database says it will do, in its own words: EXPLAIN QUERY PLAN, or EXPLAIN (FORMAT JSON) with reading whole
// tables and sorting avoided wherever an index lets it.
std::string planOf(const TestDatabase& database, const RecordedStatement& statement, const PlanRules& rules = {});

// Success when the statement reads no table from end to end, sorts nothing that an index could give in order, and reads
// no index from end to end to throw rows away. Counting or listing a whole table along an index passes. INSERT has no
// plan to check.
::testing::AssertionResult isIndexed(const TestDatabase& database, const RecordedStatement& statement,
                                     const PlanRules& rules = {});

// The same for every statement that `work` runs through database.db(). Fails when it runs none.
::testing::AssertionResult plansAreIndexed(const TestDatabase& database, const std::function<void()>& work,
                                           const PlanRules& rules = {});

#define EXPECT_PLANS(result) EXPECT_TRUE(result)

}  // namespace mortise::testing
