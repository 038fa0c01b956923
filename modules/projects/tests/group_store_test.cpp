// The tables of groups of projects, on both databases.
#include "groups/group_store.hpp"
#include "knowledge/group_context_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <map>
#include <string>

#include "groups_testing.hpp"

namespace projects {
namespace {

using mortise::timeOf;

class GroupStoreTest : public mortise::testing::DatabaseTest {
 protected:
  GroupStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static ProjectGroup group(const std::string& id, const std::string& slug, const std::string& org = "org_1") {
    ProjectGroup out;
    out.id = id;
    out.orgId = org;
    out.slug = slug;
    out.name = slug;
    return out;
  }
  static GroupMember member(const std::string& userId, GroupRole role) { return {userId, role, "ada", timeOf(1)}; }
};

MORTISE_ON_EVERY_DATABASE(GroupStoreTest);

TEST_P(GroupStoreTest, ASlugIsUniqueInItsOrganisation) {
  const GroupStore store(db());
  EXPECT_TRUE(store.add(group("pg_1", "tills")));
  EXPECT_FALSE(store.add(group("pg_2", "tills")));
  EXPECT_TRUE(store.add(group("pg_3", "tills", "org_2")));
  EXPECT_TRUE(store.add(group("pg_4", "shops")));
  EXPECT_FALSE(store.change(group("pg_4", "tills")));
  EXPECT_EQ(store.ofSlug("org_1", "tills")->id, "pg_1");
  EXPECT_EQ(store.ofOrg("org_1").size(), 2U);
}

TEST_P(GroupStoreTest, TheHighestRoleCounts) {
  const GroupStore store(db());
  ASSERT_TRUE(store.add(group("pg_1", "a")));
  ASSERT_TRUE(store.add(group("pg_2", "b")));
  for (const auto* id : {"pg_1", "pg_2"}) ASSERT_TRUE(store.putProject(id, "proj_1", "ada", timeOf(1), 10));
  EXPECT_EQ(store.roleFor("bob", "proj_1"), std::nullopt);
  ASSERT_TRUE(store.putMember("pg_1", member("bob", GroupRole::editor), 10));
  ASSERT_TRUE(store.putMember("pg_2", member("bob", GroupRole::reader), 10));
  EXPECT_EQ(store.roleFor("bob", "proj_1"), GroupRole::editor);
  EXPECT_EQ(store.rolesOf("bob").at("proj_1"), GroupRole::editor);
  ASSERT_TRUE(store.putMember("pg_2", member("bob", GroupRole::admin), 10));
  EXPECT_EQ(store.roleFor("bob", "proj_1"), GroupRole::admin);
  EXPECT_TRUE(store.removeMember("pg_2", "bob"));
  EXPECT_FALSE(store.removeMember("pg_2", "bob"));
  EXPECT_EQ(store.roleFor("bob", "proj_1"), GroupRole::editor);
}

TEST_P(GroupStoreTest, ADocumentGoesWithAProjectThatItTellsOf) {
  const GroupStore store(db());
  const GroupContextStore contexts(db());
  ASSERT_TRUE(store.add(group("pg_1", "a")));
  for (const auto* id : {"proj_1", "proj_2"}) ASSERT_TRUE(store.putProject("pg_1", id, "ada", timeOf(1), 10));
  const auto compile = [&] {
    EXPECT_TRUE(store.compiled("pg_1", timeOf(5)));
    contexts.put({"pg_1", timeOf(5), "ada", {"proj_1", "proj_2"}, "What they know"});
  };
  compile();
  EXPECT_FALSE(store.removeProject("pg_1", "proj_3"));
  EXPECT_TRUE(contexts.find("pg_1"));
  EXPECT_TRUE(store.removeProject("pg_1", "proj_2"));
  EXPECT_FALSE(contexts.find("pg_1"));
  EXPECT_FALSE(store.find("pg_1")->contextCompiledAt);
  compile();
  store.forgetProject("proj_1");
  EXPECT_FALSE(contexts.find("pg_1"));
  EXPECT_FALSE(store.compiled("pg_2", timeOf(5)));
}

TEST_P(GroupStoreTest, CountsAreThoseOfTheRows) {
  const GroupStore store(db());
  ASSERT_TRUE(store.add(group("pg_1", "a")));
  EXPECT_TRUE(store.putMember("pg_1", member("ann", GroupRole::reader), 2));
  EXPECT_TRUE(store.putMember("pg_1", member("bob", GroupRole::reader), 2));
  EXPECT_FALSE(store.putMember("pg_1", member("cid", GroupRole::reader), 2));
  EXPECT_TRUE(store.putMember("pg_1", member("bob", GroupRole::admin), 2)) << "a new role needs no room";
  EXPECT_FALSE(store.putMember("pg_0", member("bob", GroupRole::admin), 2)) << "there is no such group";
  EXPECT_TRUE(store.putProject("pg_1", "proj_1", "ada", timeOf(1), 1));
  EXPECT_TRUE(store.putProject("pg_1", "proj_1", "ada", timeOf(1), 1));
  EXPECT_FALSE(store.putProject("pg_1", "proj_2", "ada", timeOf(1), 1));
  EXPECT_EQ(store.find("pg_1")->memberCount, 2);
  EXPECT_EQ(store.find("pg_1")->projectCount, 1);
  store.moveProject("proj_1", "proj_9", "ada", timeOf(2));
  EXPECT_EQ(store.projects("pg_1"), std::vector<std::string>{"proj_9"});
  store.forgetProject("proj_9");
  store.forgetUser("bob", "org_2");
  EXPECT_EQ(store.find("pg_1")->memberCount, 2);
  store.forgetUser("bob", "org_1");
  store.forgetUser("ann");
  EXPECT_EQ(store.find("pg_1")->memberCount, 0);
  EXPECT_EQ(store.find("pg_1")->projectCount, 0);
  store.remove("pg_1");
  EXPECT_FALSE(store.find("pg_1"));
}

TEST_P(GroupStoreTest, ARowThatIsGoneIsNotLocked) {
  const GroupStore store(db());
  ASSERT_TRUE(store.add(group("pg_1", "a")));
  EXPECT_TRUE(store.lock("pg_1"));
  EXPECT_FALSE(store.lock("pg_2"));
}

TEST_P(GroupStoreTest, RolesOfAUserAreReadAtOnce) {
  const GroupStore store(db());
  for (const auto* id : {"pg_1", "pg_2", "pg_3"}) ASSERT_TRUE(store.add(group(id, id)));
  ASSERT_TRUE(store.putMember("pg_1", member("bob", GroupRole::editor), 10));
  ASSERT_TRUE(store.putMember("pg_2", member("bob", GroupRole::reader), 10));
  ASSERT_TRUE(store.putMember("pg_3", member("ann", GroupRole::admin), 10));
  EXPECT_EQ(store.rolesByGroup("bob"),
            (std::map<std::string, GroupRole>{{"pg_1", GroupRole::editor}, {"pg_2", GroupRole::reader}}));
}

TEST_P(GroupStoreTest, EveryStatementWalksAlongAnIndex) {
  using mortise::testing::kManyRows;
  const GroupStore store(db());
  fillGroups(database());
  database().fill("projects_group_members", kManyRows,
                  {{"group_id", "'pg_' || n"},
                   {"user_id", "'user' || (n % 10000)"},
                   {"role", "'reader'"},
                   {"added_by", "'a'"},
                   {"added_at", "n"}});
  database().fill(
      "projects_group_projects", kManyRows,
      {{"group_id", "'pg_' || n"}, {"project_id", "'proj_' || (n % 10000)"}, {"added_by", "'a'"}, {"added_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store.ofSlug("org_5", "slug-5");
    store.ofOrg("org_5");
    store.ofUser("org_5", "user5");
    store.ofProject("proj_5");
    store.countOf("org_5");
    store.roleFor("user5", "proj_5");
    store.rolesOf("user5");
    store.rolesByGroup("user5");
    store.roleIn("pg_5", "user5");
    store.members("pg_5");
    store.projects("pg_5");
    store.lock("pg_5");
    store.compiled("pg_5", timeOf(1));
    store.putMember("pg_5", member("user7", GroupRole::reader), 10);
    store.putProject("pg_5", "proj_7", "a", timeOf(1), 10);
    store.moveProject("proj_6", "proj_8", "a", timeOf(1));
    store.forgetProject("proj_9");
    store.forgetUser("user9", "org_9");
    store.forgetUser("user8");
    store.remove("pg_5");
  }));
}

}  // namespace
}  // namespace projects
