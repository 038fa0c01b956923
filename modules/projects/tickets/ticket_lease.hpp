// The refusal of a write that names a lease which is over.
#pragma once

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <cstdint>

namespace projects {

// 409 stale_lease_epoch.
inline mortise::Problem staleLease(std::int64_t passed, std::int64_t current) {
  return mortise::Problem(409, "stale_lease_epoch")
      .details(mortise::json::object({{"passed_lease_epoch", passed}, {"current_lease_epoch", current}}));
}

}  // namespace projects
