// Every request that a module's contract refuses, generated from the compiled contract and sent over real HTTP.
#pragma once

#include <string>

#include "core/testing/contract_walk.hpp"

namespace mortise::testing {

// The same requests in the same order each time. `module`: a module of the server, or "kernel" for its own contract.
// Throws std::invalid_argument when the server runs no such module.
void runRefusals(TestServer& server, const std::string& module, const Reports& report);

}  // namespace mortise::testing
