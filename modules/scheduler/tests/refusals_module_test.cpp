// What the contracts of this module refuse, over real HTTP.
#include <gtest/gtest.h>
#include <mortise/testing/refusals.hpp>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;

TEST(SchedulerRefusals, RefusesWhatItsContractsRefuse) {
  ModuleHarness harness{"scheduler", Refusals::options()};
  const auto refusals = Refusals::of(harness, "scheduler");
  EXPECT_EQ(refusals.failures(), "");
  RecordProperty("requests", static_cast<int>(refusals.all().size()));
  EXPECT_GT(refusals.all().size(), 10U);
}

}  // namespace
