// Of which organisations the module keeps something, on both databases; and the plan of that.
#include "members/org_rows.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>

#include "billing/billing_store.hpp"
#include "groups/group_store.hpp"
#include "groups_testing.hpp"
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

TEST_P(OrgRowsTest, AreReadAlongIndexes) {
  using mortise::testing::kManyRows;
  database().fill("projects_projects", kManyRows,
                  {{"id", "'proj_' || n"},
                   {"name", "'Project'"},
                   {"git_remote", "'acme/' || n"},
                   {"owner_id", "'ada'"},
                   {"org_id", "'org_' || (n % 1000)"},
                   {"auto_narrative", "0"},
                   {"kb_retention_days", "180"},
                   {"kb_max_context_words", "2000"},
                   {"kb_section_page_limit", "30"},
                   {"compile_schedule", "'off'"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  fillGroups(database());
  database().fill("projects_personas", kManyRows,
                  {{"id", "'per_' || n"},
                   {"scope", "'org'"},
                   {"org_id", "'org_' || (n % 1000)"},
                   {"name", "'Reviewer ' || n"},
                   {"name_key", "'reviewer ' || n"},
                   {"role", "'r'"},
                   {"content", "'c'"},
                   {"specializations", "'[]'"},
                   {"is_active", "1"},
                   {"version", "1"},
                   {"created_by", "'ada'"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_trusted_reviewers", kManyRows,
                  {{"id", "'tr_' || n"},
                   {"org_id", "'org_' || (n % 1000)"},
                   {"user_id", "'user' || n"},
                   {"reviewer_persona", "'Reviewer'"},
                   {"is_active", "1"},
                   {"created_by_user_id", "'ada'"},
                   {"created_at", "n"}});
  database().fill("projects_billing_accounts", kManyRows,
                  {{"owner_type", "CASE WHEN n % 2 = 0 THEN 'org' ELSE 'user' END"}, {"owner_id", "'org_' || n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] { ids("org_5", 100); }));
}

}  // namespace
}  // namespace projects
