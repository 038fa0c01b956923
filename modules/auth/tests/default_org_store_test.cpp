#include "keys/default_org_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

namespace auth {
namespace {

class DefaultOrgs : public mortise::testing::DatabaseTest {
 protected:
  DefaultOrgs() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}

  const DefaultOrgStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(DefaultOrgs);

TEST_P(DefaultOrgs, AreTheLastOneChosenOfEachUser) {
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

TEST_P(DefaultOrgs, AreForgottenWithTheMembership) {
  store_.choose("ada", "org_1");
  store_.forget("ada", "org_2");
  EXPECT_EQ(store_.find("ada"), "org_1");
  store_.forget("ada", "org_1");
  EXPECT_FALSE(store_.find("ada"));
}

TEST_P(DefaultOrgs, AreFoundAlongAnIndexHoweverManyThereAre) {
  database().fill("auth_default_orgs", mortise::testing::kManyRows, {{"user_id", "'u' || n"}, {"org_id", "'org_1'"}});
  database().analyze();
  EXPECT_PLANS(mortise::testing::plansAreIndexed(database(), [&] {
    store_.find("u7");
    store_.choose("u7", "org_2");
    store_.choose("u7", std::nullopt);
    store_.forget("u8", "org_1");
  }));
}

}  // namespace
}  // namespace auth
