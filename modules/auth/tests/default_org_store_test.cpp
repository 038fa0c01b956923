#include "keys/default_org_store.hpp"

#include <gtest/gtest.h>

#include "sqlite_db.hpp"

namespace auth {
namespace {

TEST(DefaultOrg, IsTheLastOneChosenOfEachUser) {
  const testing::SqliteDb database(AUTH_SOURCE_DIR "/migrations/002_default_orgs.sql");
  const DefaultOrgStore store(database.face());
  EXPECT_FALSE(store.find("ada"));
  store.choose("ada", std::nullopt);
  store.choose("ada", "org_1");
  store.choose("grace", "org_3");
  EXPECT_EQ(store.find("ada"), "org_1");
  store.choose("ada", "org_2");
  EXPECT_EQ(store.find("ada"), "org_2");
  store.choose("ada", std::nullopt);
  EXPECT_FALSE(store.find("ada"));
  EXPECT_EQ(store.find("grace"), "org_3");
}

TEST(DefaultOrg, IsForgottenWithTheMembership) {
  const testing::SqliteDb database(AUTH_SOURCE_DIR "/migrations/002_default_orgs.sql");
  const DefaultOrgStore store(database.face());
  store.choose("ada", "org_1");
  store.forget("ada", "org_2");
  EXPECT_EQ(store.find("ada"), "org_1");
  store.forget("ada", "org_1");
  EXPECT_FALSE(store.find("ada"));
}

}  // namespace
}  // namespace auth
