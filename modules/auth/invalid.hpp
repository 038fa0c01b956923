// What a field of a request breaks beyond its contract.
#pragma once

#include <mortise/problem.hpp>

#include <string>

#include "email_address.hpp"

namespace auth {

// 422 validation_failed. `location`: "body/email"; `rule`: the stable name of the rule.
mortise::Problem invalid(std::string location, std::string rule);
// The address in a body's "email". Problem 422 when it breaks a rule.
EmailAddress emailOf(const std::string& email);

}  // namespace auth
