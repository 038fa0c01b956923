// Members of organisations while a transaction gives them something there.
#pragma once

#include <mortise/db.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace projects {

// Nobody leaves these organisations before `tx` ends: MemberDepartures waits here, too, and finds what was given. Read
// the membership in `tx` behind it. Empty ids are none. [worker]; throws db::Error.
inline void holdMembers(mortise::Transaction& tx, std::vector<std::string> orgIds) {
  std::sort(orgIds.begin(), orgIds.end());  // in one order: no two transactions wait for each other
  for (const auto& orgId : orgIds) {
    if (!orgId.empty()) tx.lock("projects_members:" + orgId);
  }
}

}  // namespace projects
