#include <gtest/gtest.h>

#include <mortise/tier.hpp>

namespace mortise {
namespace {

TEST(Tier, AdministratorsAreToldTheHighest) {
  EXPECT_EQ(effectiveTier(kAdministratorTier), "enterprise");
  for (const auto tier : kTiers) EXPECT_EQ(effectiveTier(tier), tier);
}

}  // namespace
}  // namespace mortise
