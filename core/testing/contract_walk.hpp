// The operations of one module's contracts, for tests that are generated from them.
#pragma once

#include <functional>
#include <string>

#include "core/contract/operation.hpp"
#include "core/testing/callers.hpp"
#include "core/testing/test_server.hpp"

namespace mortise::testing {

// One request and what came of it.
struct Report {
  std::string operation;  // operationId
  std::string what;       // "anonymous", "body/title: longer than 200"
  std::string expected;   // "422 body/title", "let in"
  std::string answer;     // "201 {...}", cut to 200 bytes
  bool passed = false;
};
using Reports = std::function<void(const Report&)>;

// An operation with what its requests are made of and judged by.
struct Subject {
  TestServer& server;
  Callers& callers;
  const Rules& rules;
  const contract::Operation& operation;
  const json::Value& document;  // the contract of `operation`
};

// In the order of the contracts. `module`: a module of the server, or "kernel" for its own contract. Throws
// std::invalid_argument when the server runs no such module. What `work` throws as std::runtime_error fails its
// operation only.
void forEachOperation(TestServer& server, const std::string& module, const Reports& report,
                      const std::function<void(const Subject&)>& work);

// As the answer stands in a report.
std::string shown(const HttpAnswer& answer);

}  // namespace mortise::testing
