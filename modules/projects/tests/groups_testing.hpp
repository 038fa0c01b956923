// Many groups of projects, for tests of what lists do then.
#pragma once

#include <mortise/testing/plans.hpp>

namespace projects {

// kManyRows groups: pg_1, pg_2 and so on, of the organisations org_0 to org_999.
inline void fillGroups(mortise::testing::TestDatabase& database) {
  database.fill("projects_groups", mortise::testing::kManyRows,
                {{"id", "'pg_' || n"},
                 {"org_id", "'org_' || (n % 1000)"},
                 {"slug", "'slug-' || n"},
                 {"name", "'Group'"},
                 {"description", "''"},
                 {"compile_enabled", "0"},
                 {"member_count", "1"},
                 {"project_count", "1"},
                 {"created_at", "n"},
                 {"updated_at", "n"}});
}

}  // namespace projects
