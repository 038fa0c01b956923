// The kernel's own lists, for the test of their plans. Its types are those of the standard library only, because the
// SDK and the kernel both have a namespace mortise::db.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mortise::testing {

struct KernelStatement {
  std::string list;  // "users", "audit: actor"
  std::string sql;
  std::vector<std::pair<std::string, std::variant<std::int64_t, std::string>>> values;
};

// Runs every list of the kernel, with every filter it has, on an empty database in `folder`; returns the statements.
std::vector<KernelStatement> statementsOfKernelLists(const std::string& folder);

// Writes the kernel's migrations into `folder`, as a module has them.
void writeKernelMigrations(const std::string& folder);

}  // namespace mortise::testing
