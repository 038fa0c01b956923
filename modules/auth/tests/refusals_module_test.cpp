// That the tests generated from contracts notice an answer that is not the contract's.
#include <gtest/gtest.h>
#include <mortise/testing/refusals.hpp>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;

// With its rate limits the module refuses earlier than its contract says: proof that another answer is noticed.
TEST(AuthModule, OtherAnswersThanTheContractsAreNoticed) {
  ModuleHarness harness{"auth"};
  const auto refusals = Refusals::of(harness, "auth");
  EXPECT_NE(refusals.failures().find("signUp, body/email: left out: expected 422 body/email, answer 429"),
            std::string::npos)
      << refusals.failures();
}

}  // namespace
