// What the contracts of this module refuse, over real HTTP.
#include <gtest/gtest.h>
#include <mortise/testing/refusals.hpp>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;

TEST(SyncRefusals, RefusesWhatItsContractsRefuse) {
  ModuleHarness harness{"sync", Refusals::options()};
  const auto refusals = Refusals::of(harness, "sync");
  EXPECT_EQ(refusals.failures(), "");
  RecordProperty("requests", static_cast<int>(refusals.all().size()));
  EXPECT_GT(refusals.all().size(), 10U);
}

}  // namespace
