// The tables of projects and their repositories, on both databases.
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <string>
#include <vector>

#include "registry/project_store.hpp"

namespace projects {
namespace {

class ProjectStoreTest : public mortise::testing::DatabaseTest {
 protected:
  ProjectStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static Project project(const std::string& id, const std::string& gitRemote, const std::string& owner = "ada") {
    Project out;
    out.id = id;
    out.name = "Shop";
    out.gitRemote = gitRemote;
    out.ownerId = owner;
    out.createdAt = out.updatedAt = mortise::timeOf(1'000'000);
    return out;
  }
  static ProjectRepo repo(const std::string& id, const std::string& projectId, const std::string& gitRemote,
                          bool isPrimary = false) {
    ProjectRepo out;
    out.id = id;
    out.projectId = projectId;
    out.gitRemote = gitRemote;
    out.isPrimary = isPrimary;
    out.createdAt = mortise::timeOf(2'000'000);
    return out;
  }
};

MORTISE_ON_EVERY_DATABASE(ProjectStoreTest);

TEST_P(ProjectStoreTest, ARepositoryBelongsToOneProject) {
  const ProjectStore store(db());
  EXPECT_TRUE(store.add(project("proj_1", "acme/shop"), "text"));
  EXPECT_FALSE(store.add(project("proj_2", "acme/shop"), ""));
  EXPECT_FALSE(store.find("proj_2"));
  ASSERT_TRUE(store.ofRemote("acme/shop"));
  EXPECT_EQ(store.ofRemote("acme/shop")->id, "proj_1");
  const auto repos = store.reposOf("proj_1");
  ASSERT_EQ(repos.size(), 1U);
  EXPECT_TRUE(repos[0].isPrimary);
  EXPECT_EQ(repos[0].addedBy, "ada");
  EXPECT_EQ(store.document("proj_1").text, "text");
}

TEST_P(ProjectStoreTest, ARefusedRepositoryLeavesTheTransactionAsItWas) {
  const ProjectStore store(db());
  ASSERT_TRUE(store.add(project("proj_1", "acme/shop"), ""));
  ASSERT_TRUE(store.add(project("proj_2", "acme/till"), ""));
  db().transaction([&](mortise::Transaction& tx) {
    EXPECT_FALSE(store.in(tx).link(repo("repo_1", "proj_2", "acme/shop", true)));
    EXPECT_TRUE(store.in(tx).link(repo("repo_2", "proj_2", "acme/main", true)));
  });
  const auto repos = store.reposOf("proj_2");
  ASSERT_EQ(repos.size(), 2U);
  EXPECT_EQ(repos[0].id, "repo_2");
  EXPECT_TRUE(repos[0].isPrimary);
  EXPECT_FALSE(repos[1].isPrimary);
  EXPECT_EQ(store.find("proj_2")->gitRemote, "acme/main");
}

TEST_P(ProjectStoreTest, ADocumentHasARevisionForEachChange) {
  const ProjectStore store(db());
  ASSERT_TRUE(store.add(project("proj_1", "acme/shop"), "one"));
  const auto read = store.document("proj_1");
  EXPECT_EQ(store.writeDocument("proj_1", "two", mortise::timeOf(3)), read.revision + 1);
  EXPECT_EQ(store.document("proj_1").text, "two");
  const auto written = store.writeDocument("proj_1", "four", mortise::timeOf(5));
  EXPECT_EQ(written, store.revisionOf("proj_1"));
  EXPECT_EQ(store.find("proj_1")->updatedAt, mortise::timeOf(5));
}

TEST_P(ProjectStoreTest, DocumentsAreReadAsLongAsThereIsRoom) {
  const ProjectStore store(db());
  ASSERT_TRUE(store.add(project("proj_1", "a"), "12345"));
  ASSERT_TRUE(store.add(project("proj_2", "b"), "ääääää"));  // 12 bytes
  ASSERT_TRUE(store.add(project("proj_3", "c"), "123"));
  const auto texts = store.documents({"proj_1", "proj_2", "proj_3", "proj_4"}, 10);
  EXPECT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts.at("proj_1"), "12345");
  EXPECT_EQ(texts.at("proj_3"), "123");
}

TEST_P(ProjectStoreTest, AMergedProjectIsInNoListAndChainsEndAtOne) {
  const ProjectStore store(db());
  for (const auto* id : {"proj_1", "proj_2", "proj_3"}) ASSERT_TRUE(store.add(project(id, id), id));
  EXPECT_EQ(store.moveRepos("proj_3", "proj_2"), 1);
  store.markMerged("proj_3", "proj_2", mortise::timeOf(9));
  store.markMerged("proj_2", "proj_1", mortise::timeOf(9));
  EXPECT_EQ(store.find("proj_3")->mergedInto, "proj_1");
  EXPECT_EQ(store.find("proj_2")->mergedInto, "proj_1");
  EXPECT_FALSE(store.lock("proj_2"));
  EXPECT_TRUE(store.lock("proj_1"));
  EXPECT_EQ(store.ofOwner("ada", 10).size(), 1U);
  EXPECT_EQ(store.countPersonal("ada", 10), 1);
  store.remove("proj_1");
  EXPECT_FALSE(store.find("proj_3"));
}

TEST_P(ProjectStoreTest, ProjectsAreCountedWhereTheyBelong) {
  const ProjectStore store(db());
  for (const auto* id : {"proj_1", "proj_2", "proj_3", "proj_4"}) ASSERT_TRUE(store.add(project(id, id), ""));
  store.moveTo("proj_1", "org_1", mortise::timeOf(2));
  store.markMerged("proj_2", "proj_3", mortise::timeOf(2));
  EXPECT_EQ(store.countPersonal("ada", 10), 2);
  EXPECT_EQ(store.countPersonal("ada", 1), 1) << "counts no further";
  EXPECT_EQ(store.countOfOrg("org_1", 10), 1);
  EXPECT_EQ(store.countMerged("proj_3", 10), 1);
  EXPECT_EQ(store.ownedIn("org_1", "ada"), std::vector<std::string>{"proj_1"});
}

TEST_P(ProjectStoreTest, ALockedProjectIsReadAsItIs) {
  const ProjectStore store(db());
  ASSERT_TRUE(store.add(project("proj_1", "a"), ""));
  ASSERT_TRUE(store.add(project("proj_2", "b"), ""));
  store.handOver("proj_1", "bob", mortise::timeOf(2));
  store.markMerged("proj_2", "proj_1", mortise::timeOf(2));
  EXPECT_EQ(store.findLocked("proj_1")->ownerId, "bob");
  EXPECT_FALSE(store.findLocked("proj_2"));
  EXPECT_FALSE(store.findLocked("proj_3"));
}

TEST_P(ProjectStoreTest, ListsWalkAlongTheirIndexes) {
  using mortise::testing::kManyRows;
  const ProjectStore store(db());
  database().fill("projects_projects", kManyRows,
                  {{"id", "'proj_' || n"},
                   {"name", "'Project ' || n"},
                   {"git_remote", "'acme/' || n"},
                   {"owner_id", "'user' || (n % 100)"},
                   {"org_id", "CASE WHEN n % 3 = 0 THEN 'org' || (n % 50) END"},
                   {"auto_narrative", "0"},
                   {"kb_retention_days", "180"},
                   {"kb_max_context_words", "2000"},
                   {"kb_section_page_limit", "30"},
                   {"compile_schedule", "CASE n % 4 WHEN 0 THEN 'nightly' WHEN 1 THEN 'weekly' ELSE 'off' END"},
                   {"merged_into", "CASE WHEN n % 10 = 0 THEN 'proj_1' END"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_repos", kManyRows,
                  {{"id", "'repo_' || n"},
                   {"project_id", "'proj_' || n"},
                   {"git_remote", "'acme/' || n"},
                   {"is_primary", "1"},
                   {"verified", "0"},
                   {"created_at", "n"}});
  database().fill("projects_group_members", kManyRows,
                  {{"group_id", "'pg_' || n"},
                   {"user_id", "'user' || (n % 10000)"},
                   {"role", "'reader'"},
                   {"added_by", "'a'"},
                   {"added_at", "n"}});
  database().fill(
      "projects_group_projects", kManyRows,
      {{"group_id", "'pg_' || (n % 1000)"}, {"project_id", "'proj_' || n"}, {"added_by", "'a'"}, {"added_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(),
                               [&] {
                                 store.ofOwner("user5", 1000);
                                 store.ofOrg("org3", 1000);
                                 store.countPersonal("user5", 1000);
                                 store.countOfOrg("org3", 1000);
                                 store.countMerged("proj_7", 1000);
                                 store.ownedIn("org3", "user5");
                                 store.allOf("user5");
                                 store.documents({"proj_5", "proj_6"}, 1000);
                                 store.ofRemote("acme/5");
                                 store.reposOf("proj_5");
                                 store.findAll({"proj_5", "proj_6"});
                                 store.idsOfRemotes({"acme/5", "acme/6", "acme/7"});
                                 store.oldestRepoOf("proj_5");
                               },
                               {.maySortTies = true}));
  const auto at = mortise::timeOf(1);
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store.ofGroups("org3", "user5", 1000);
    store.scheduled(CompileSchedule::nightly, mortise::timeOf(50'000), 50);
    store.findLocked("proj_5");
    store.rename("proj_5", "New", at);
    store.moveTo("proj_5", "org3", at);
    store.handOver("proj_5", "user5", at);
    store.writeDocument("proj_5", "text", at);
    store.makePrimary("proj_5", "repo_5");
    store.moveRepos("proj_5", "proj_6");
    store.unlink("proj_6", "repo_6");
    store.markMerged("proj_5", "proj_6", at);
    store.remove("proj_6");
  }));
}

}  // namespace
}  // namespace projects
