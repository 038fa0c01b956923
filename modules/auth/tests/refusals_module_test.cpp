// What the contracts of this module refuse, over real HTTP.
#include <gtest/gtest.h>
#include <mortise/testing/refusals.hpp>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;

TEST(AuthModule, RefusesWhatItsContractsRefuse) {
  ModuleHarness harness{"auth", Refusals::options()};
  const auto refusals = Refusals::of(harness, "auth");
  EXPECT_EQ(refusals.failures(), "");
  RecordProperty("requests", static_cast<int>(refusals.all().size()));
  EXPECT_GT(refusals.all().size(), 10U);
}

// With its rate limits the module refuses earlier than its contract says: proof that another answer is noticed.
TEST(AuthModule, OtherAnswersThanTheContractsAreNoticed) {
  ModuleHarness harness{"auth"};
  const auto refusals = Refusals::of(harness, "auth");
  EXPECT_NE(refusals.failures().find("signUp, body/email: left out: expected 422 body/email, answer 429"),
            std::string::npos)
      << refusals.failures();
}

}  // namespace
