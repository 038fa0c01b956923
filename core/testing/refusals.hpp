// Every request that a module's contract refuses, generated from the compiled contract and sent over real HTTP.
#pragma once

#include <functional>
#include <string>

#include "core/testing/test_server.hpp"

namespace mortise::testing {

struct RefusalReport {
  std::string operation;  // operationId
  std::string what;       // "anonymous", "body/title: longer than 200"
  std::string expected;   // "422 body/title"
  std::string answer;     // "201 {...}", cut to 200 bytes
  bool passed = false;
};

// The same requests in the same order each time. `module`: a module of the server, or "kernel" for its own contract.
// Throws std::invalid_argument when the server runs no such module.
void runRefusals(TestServer& server, const std::string& module,
                 const std::function<void(const RefusalReport&)>& report);

}  // namespace mortise::testing
