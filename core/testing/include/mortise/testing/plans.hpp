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

namespace detail {

inline mortise_testing_plan_rules rulesFrom(const PlanRules& rules) {
  return {sizeof(mortise_testing_plan_rules), rules.mayFilter ? 1 : 0, rules.maySortTies ? 1 : 0, rules.smallSort};
}

// Calls plan_of or plan_faults with a statement as C has it; `hear` gets the texts.
template <class Function>
void askPlan(Function function, const TestDatabase& database, const RecordedStatement& statement,
             const PlanRules& rules, mortise_testing_say hear, void* into) {
  const auto parameters = statement.parameters();
  const mortise_testing_statement c{sizeof(mortise_testing_statement), str(statement.sql), parameters.data(),
                                    parameters.size()};
  const auto allowed = rulesFrom(rules);
  std::string sentence;
  require(function(database.database(), &c, &allowed, hear, into, &keepText, &sentence), sentence);
}

inline void addLine(void* into, mortise_str text) {
  static_cast<std::string*>(into)->append(copied(text)).append("\n");
}

}  // namespace detail

// What the database says it will do, in its own words: EXPLAIN QUERY PLAN, or EXPLAIN (FORMAT JSON) with reading whole
// tables and sorting avoided wherever an index lets it.
inline std::string planOf(const TestDatabase& database, const RecordedStatement& statement,
                          const PlanRules& rules = {}) {
  std::string plan;
  detail::askPlan(mortise_testing_v1.plan_of, database, statement, rules, &detail::keepText, &plan);
  return plan;
}

// Success when the statement reads no table from end to end, sorts nothing that an index could give in order, and reads
// no index from end to end to throw rows away. Counting or listing a whole table along an index passes. INSERT has no
// plan to check.
inline ::testing::AssertionResult isIndexed(const TestDatabase& database, const RecordedStatement& statement,
                                            const PlanRules& rules = {}) {
  std::string faults;
  detail::askPlan(mortise_testing_v1.plan_faults, database, statement, rules, &detail::addLine, &faults);
  if (faults.empty()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << faults << "  in " << statement.sql << "\n"
                                       << planOf(database, statement, rules) << "\n";
}

// The same for every statement that `work` runs through database.db(). Fails when it runs none.
inline ::testing::AssertionResult plansAreIndexed(const TestDatabase& database, const std::function<void()>& work,
                                                  const PlanRules& rules = {}) {
  const auto statements = database.record(work);
  if (statements.empty()) return ::testing::AssertionFailure() << "no statement was run";
  auto failure = ::testing::AssertionFailure();
  bool isGood = true;
  for (const auto& statement : statements) {
    const auto result = isIndexed(database, statement, rules);
    if (result) continue;
    isGood = false;
    failure << result.message();
  }
  return isGood ? ::testing::AssertionSuccess() : failure;
}

#define EXPECT_PLANS(result) EXPECT_TRUE(result)

}  // namespace mortise::testing
