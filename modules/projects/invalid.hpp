// What a field of a request breaks beyond its contract.
#pragma once

#include <mortise/not_blank.hpp>
#include <mortise/problem.hpp>

#include <string>
#include <utility>

namespace projects {

// 422 validation_failed. `location`: "body/name"; `rule`: the stable name of the rule.
inline mortise::Problem invalid(std::string location, std::string rule) {
  return mortise::Problem(422, "validation_failed").field(std::move(location), std::move(rule));
}

using mortise::notBlank;

}  // namespace projects
