// Every request that a module's contract refuses, generated from the contract and sent over real HTTP: each operation
// with callers that may not call it, and each parameter and member of its body left out, of another type, or out of
// bounds.
//
//   TEST(GreeterModule, RefusesWhatItsContractRefuses) {
//     mortise::testing::ModuleHarness harness{"greeter", mortise::testing::Refusals::options()};
//     EXPECT_EQ(mortise::testing::Refusals::of(harness, "greeter").failures(), "");
//   }
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "mortise/testing/module_harness.hpp"

namespace mortise::testing {

struct Refusal {
  std::string operation;  // operationId
  std::string what;       // "anonymous", "body/title: longer than 200"
  std::string expected;   // "422 body/title"
  std::string answer;     // "201 {...}", cut to 200 bytes
  bool passed = false;
};

namespace detail {

inline void keepRefusal(void* into, const mortise_testing_refusal* c) {
  static_cast<std::vector<Refusal>*>(into)->push_back(
      {copied(c->operation), copied(c->what), copied(c->expected), copied(c->answer), c->passed != 0});
}

// What a function of the kit found out about each operation of a module.
class Answers {
 public:
  const std::vector<Refusal>& all() const { return all_; }
  // One line for each answer that is not the expected one: "operation, case: expected ..., answer ...". Empty: none.
  std::string failures() const {
    std::string out;
    for (const auto& one : all_) {
      if (!one.passed)
        out += one.operation + ", " + one.what + ": expected " + one.expected + ", answer " + one.answer + "\n";
    }
    return out;
  }

 protected:
  template <class Function>
  Answers(ModuleHarness& harness, const std::string& module, Function function) {
    std::string sentence;
    require(function(harness.server(), str(module), &keepRefusal, &all_, &keepText, &sentence), sentence);
  }

 private:
  std::vector<Refusal> all_;
};

}  // namespace detail

class Refusals : public detail::Answers {
 public:
  // Settings for the harness: without rate limits, whose refusals would come first.
  static ModuleHarness::Options options(ModuleHarness::Options more = {}) {
    more.emplace_back("limits.enabled", "false");
    return more;
  }
  // Sends them all; the same ones in the same order each time. They change nothing where the module keeps its contract.
  // Throws std::invalid_argument when the harness runs no such module, std::runtime_error when a request gets no
  // answer.
  static Refusals of(ModuleHarness& harness, const std::string& module) { return {harness, module}; }

 private:
  Refusals(ModuleHarness& harness, const std::string& module) : Answers(harness, module, mortise_testing_v1.refusals) {}
};

}  // namespace mortise::testing
