// What a database will do with a statement, and which of that no list of a module should do.
#pragma once

#include <mortise/db.hpp>

#include <string>
#include <vector>

#include "mortise/testing/abi.h"

namespace mortise::testing {

// In the database's own words: EXPLAIN QUERY PLAN, or EXPLAIN (FORMAT JSON).
std::string planOf(const Db& db, bool isPostgresql, const mortise_testing_statement& statement,
                   const mortise_testing_plan_rules& rules);

// What the plan does and the rules do not allow. INSERT has no plan to look at.
std::vector<std::string> planFaults(const Db& db, bool isPostgresql, const mortise_testing_statement& statement,
                                    const mortise_testing_plan_rules& rules);

}  // namespace mortise::testing
