#include "keys/default_org_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

class DefaultOrg : public mortise::testing::DatabaseTest {
 protected:
  DefaultOrg() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  const DefaultOrgStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(DefaultOrg);

TEST_P(DefaultOrg, IsTheLastOneChosenOfEachUser) {
  EXPECT_FALSE(store_.find("ada"));
  store_.choose("ada", std::nullopt);
  store_.choose("ada", "org_1");
  store_.choose("grace", "org_3");
  EXPECT_EQ(store_.find("ada"), "org_1");
  store_.choose("ada", "org_2");
  EXPECT_EQ(store_.find("ada"), "org_2");
  store_.choose("ada", std::nullopt);
  EXPECT_FALSE(store_.find("ada"));
  EXPECT_EQ(store_.find("grace"), "org_3");
}

TEST_P(DefaultOrg, IsForgottenWithTheMembership) {
  store_.choose("ada", "org_1");
  store_.forget("ada", "org_2");
  EXPECT_EQ(store_.find("ada"), "org_1");
  store_.forget("ada", "org_1");
  EXPECT_FALSE(store_.find("ada"));
}

}  // namespace
}  // namespace auth
