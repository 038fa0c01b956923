// How many projects an organisation may have, and a person outside of organisations.
#pragma once

#include <mortise/db.hpp>
#include <mortise/problem.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "registry/project_store.hpp"

namespace projects {

inline constexpr std::int64_t kMaxProjects = 1000;

// Problem 409 projects_full unless there is room for one more project: in the organisation, else outside of any for this
// owner. Nobody else adds one there before `tx` ends. [worker]; throws db::Error.
inline void requireRoom(mortise::Transaction& tx, const ProjectStore& projects, const std::optional<std::string>& orgId,
                        std::string_view ownerId) {
  tx.lock("projects_room:" + orgId.value_or(std::string(ownerId)));
  const auto store = projects.in(tx);
  const auto count = orgId ? store.countOfOrg(*orgId, kMaxProjects) : store.countPersonal(ownerId, kMaxProjects);
  if (count >= kMaxProjects) throw mortise::Problem(409, "projects_full").with("most", kMaxProjects);
}

}  // namespace projects
