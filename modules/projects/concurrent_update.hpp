// The answer to who lost a race and may simply try again.
#pragma once

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

namespace projects {

inline mortise::Problem concurrentUpdate() {
  return mortise::Problem(409, "concurrent_update")
      .retryAfter(1)
      .details(mortise::json::object({{"status", 409}, {"retryable", true}}));
}

}  // namespace projects
