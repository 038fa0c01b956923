// What the contracts of this module refuse, over real HTTP.
#include <gtest/gtest.h>
#include <mortise/testing/refusals.hpp>

namespace {

using mortise::testing::ModuleHarness;
using mortise::testing::Refusals;

TEST(FilesRefusals, RefusesWhatItsContractsRefuse) {
  ModuleHarness harness{"files", Refusals::options()};
  const auto refusals = Refusals::of(harness, "files");
  EXPECT_EQ(refusals.failures(), "");
  RecordProperty("requests", static_cast<int>(refusals.all().size()));
  EXPECT_GT(refusals.all().size(), 10U);
}

}  // namespace
