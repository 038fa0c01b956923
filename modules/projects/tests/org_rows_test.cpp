// Of which organisations the module keeps something, on both databases.
#include "members/org_rows.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/test_database.hpp>

#include <string>

#include "billing/billing_store.hpp"
#include "groups/group_store.hpp"
#include "personas/persona_store.hpp"
#include "registry/project_store.hpp"
#include "reviewers/reviewer_store.hpp"

namespace projects {
namespace {

class OrgRowsTest : public mortise::testing::DatabaseTest {
 protected:
  OrgRowsTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  std::string ids(const std::string& after, std::size_t limit) const {
    std::string out;
    for (const auto& id : OrgRows(db()).ids(after, limit)) out += id + " ";
    return out;
  }
};
MORTISE_ON_EVERY_DATABASE(OrgRowsTest);

TEST_P(OrgRowsTest, AreOfWhatEachFolderKeeps) {
  EXPECT_EQ(ids("", 10), "");
  Project project;
  project.id = "proj_1";
  project.gitRemote = "acme/shop";
  project.ownerId = "ada";
  project.orgId = "org_e";
  ASSERT_TRUE(ProjectStore(db()).add(project, ""));
  project.id = "proj_2";
  project.gitRemote = "acme/till";
  project.orgId.reset();
  ASSERT_TRUE(ProjectStore(db()).add(project, "")) << "one of nobody but its owner";
  ProjectGroup group;
  group.id = "pg_1";
  group.orgId = "org_d";
  group.slug = "shops";
  ASSERT_TRUE(GroupStore(db()).add(group));
  Persona persona;
  persona.id = "per_1";
  persona.scope = PersonaScope::org;
  persona.orgId = "org_c";
  persona.name = "Reviewer";
  ASSERT_TRUE(PersonaStore(db()).add(persona));
  TrustedReviewer reviewer;
  reviewer.id = "tr_1";
  reviewer.orgId = "org_b";
  reviewer.userId = "ada";
  ReviewerStore(db()).add(reviewer);
  BillingAccount account;
  account.ownerType = OwnerType::org;
  account.ownerId = "org_a";
  BillingStore(db()).put(account);
  account.ownerType = OwnerType::user;
  account.ownerId = "user_1";
  BillingStore(db()).put(account);
  EXPECT_EQ(ids("", 10), "org_a org_b org_c org_d org_e ");
  EXPECT_EQ(ids("", 2), "org_a org_b ");
  EXPECT_EQ(ids("org_b", 2), "org_c org_d ");
  EXPECT_EQ(ids("org_e", 2), "");
}

}  // namespace
}  // namespace projects
