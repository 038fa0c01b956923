// The tables of rules, retrieval audits and work queues on both databases.
#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "retrieval/retrieval_store.hpp"
#include "rules/rules_store.hpp"
#include "work_queues/work_queue_part.hpp"
#include "work_queues/work_queue_store.hpp"

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;

class FacesStoreTest : public mortise::testing::DatabaseTest {
 protected:
  FacesStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  static RulesVersion version(const ProjectRules& rules, std::int64_t number) {
    RulesVersion out;
    out.id = "rv_" + rules.id + std::to_string(number);
    out.rulesId = rules.id;
    out.version = number;
    out.compiledOutputs = "{}";
    out.knowledgeSnapshot = "[]";
    out.contextSnapshot = "{}";
    out.compiledAt = mortise::timeOf(number);
    out.compiledBy = "ada";
    out.contentHash = "hash" + std::to_string(number);
    out.tools = {"codex"};
    return out;
  }
  static WorkQueue queue(const std::string& name, const std::string& project = "proj_1") {
    WorkQueue out;
    out.id = "wq_" + project + name;
    out.projectId = project;
    out.name = name;
    out.createdByUserId = "ada";
    out.createdAt = out.updatedAt = mortise::timeOf(1'000'000);
    return out;
  }

  RulesStore rules_{db()};
  RetrievalStore retrieval_{db()};
  WorkQueueStore queues_{db()};
};

MORTISE_ON_EVERY_DATABASE(FacesStoreTest);

TEST_P(FacesStoreTest, RulesAreMadeOnceAndChangedByWhoReadThemLast) {
  std::vector<std::thread> threads;
  std::vector<std::string> ids(6);
  for (auto& id : ids) threads.emplace_back([&] { id = rules_.of("proj_1", mortise::timeOf(1)).id; });
  for (auto& thread : threads) thread.join();
  for (const auto& id : ids) EXPECT_EQ(id, ids[0]);
  auto a = rules_.of("proj_1", mortise::timeOf(2)), b = a;
  EXPECT_EQ(a.createdAt, mortise::timeOf(1));
  EXPECT_EQ(a.etag.size(), 32U);
  a.staticRules = "a";
  b.staticRules = "b";
  EXPECT_TRUE(rules_.change(a));
  EXPECT_FALSE(rules_.change(b));
  EXPECT_EQ(rules_.find("proj_1")->staticRules, "a");
  EXPECT_NE(a.etag, b.etag);
}

TEST_P(FacesStoreTest, TheNewestVersionsAreKept) {
  const auto rules = rules_.of("proj_1", mortise::timeOf(1));
  EXPECT_FALSE(rules_.newest(rules.id));
  for (std::int64_t number = 1; number <= RulesStore::kKeptVersions + 2; ++number) rules_.add(version(rules, number));
  const auto versions = rules_.versions(rules.id);
  ASSERT_EQ(static_cast<std::int64_t>(versions.size()), RulesStore::kKeptVersions);
  EXPECT_EQ(versions.front().version, RulesStore::kKeptVersions + 2);
  EXPECT_EQ(rules_.find("proj_1")->version, RulesStore::kKeptVersions + 2);
  EXPECT_NE(rules_.find("proj_1")->etag, rules.etag);
  EXPECT_FALSE(rules_.version(rules.id, 1));
  EXPECT_EQ(rules_.version(rules.id, 3)->contentHash, "hash3");
  EXPECT_TRUE(rules_.lock(rules.id));
  rules_.removeAllOf("proj_1");
  EXPECT_FALSE(rules_.lock(rules.id));
  EXPECT_TRUE(rules_.versions(rules.id).empty());
}

TEST_P(FacesStoreTest, VersionsAreKeptWhileTheyHaveSoManyBytes) {
  const auto rules = rules_.of("proj_1", mortise::timeOf(1));
  const auto kept = [&] {
    std::string out;
    for (const auto& each : rules_.versions(rules.id)) out += std::to_string(each.version) + " ";
    return out;
  };
  const auto add = [&](std::int64_t number, std::int64_t bytes) {
    auto next = version(rules, number);
    next.compiledOutputs = "\"" + std::string(static_cast<std::size_t>(bytes), 'x') + "\"";
    rules_.add(next);
  };
  constexpr auto kThird = RulesStore::kKeptBytes / 3;
  add(1, 10);
  add(2, kThird);
  add(3, kThird);
  EXPECT_EQ(kept(), "3 2 1 ");
  add(4, kThird);
  EXPECT_EQ(kept(), "4 3 ") << "all of the older ones go";
  add(5, RulesStore::kKeptBytes);
  EXPECT_EQ(kept(), "5 ");
  add(6, 10);
  EXPECT_EQ(kept(), "6 ");
}

TEST_P(FacesStoreTest, RetrievalEventsComeInOrderAndInPages) {
  RetrievalAuditContext context;
  context.projectId = "proj_1";
  context.ticketId = "tk_1";
  context.createdBy = "ada";
  context.createdAt = mortise::timeOf(1);
  const auto id = retrieval_.open(context);
  EXPECT_EQ(id.size(), 27U);
  RetrievalAuditEvent event;
  event.contextId = id;
  event.projectId = "proj_1";
  event.toolName = "search";
  event.arguments = event.returnedRefs = "{}";
  event.source = "mcp";
  event.createdAt = mortise::timeOf(2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(retrieval_.add(event)->projectId, "proj_1");
  const auto all = retrieval_.events(id, 0, 100);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].projectId, "proj_1");
  EXPECT_EQ(retrieval_.events(id, all[0].id, 1)[0].id, all[1].id);
  event.arguments = "\"" + std::string(3 << 20, 'x') + "\"";
  ASSERT_TRUE(retrieval_.add(event));
  ASSERT_TRUE(retrieval_.add(event));
  EXPECT_EQ(retrieval_.events(id, all[2].id, 100).size(), 1U) << "no more than fits";
  EXPECT_EQ(retrieval_.find(id)->eventCount, 5);
  retrieval_.close("tk_1", mortise::timeOf(9));
  EXPECT_EQ(retrieval_.find(id)->closedAt, mortise::timeOf(9));
  retrieval_.close("tk_1", mortise::timeOf(10));
  EXPECT_EQ(retrieval_.find(id)->closedAt, mortise::timeOf(9)) << "once";
  EXPECT_EQ(retrieval_.moveAll("proj_1", "proj_2"), 1);
  EXPECT_EQ(retrieval_.events(id, 0, 1)[0].projectId, "proj_2");
  retrieval_.forgetUser("ada");
  EXPECT_FALSE(retrieval_.find(id));
  EXPECT_TRUE(retrieval_.events(id, 0, 100).empty());
}

TEST_P(FacesStoreTest, AContextHasSoManyEvents) {
  RetrievalAuditContext context;
  context.projectId = "proj_1";
  context.createdBy = "ada";
  const auto id = retrieval_.open(context);
  db().execute("UPDATE projects_retrieval_contexts SET event_count = :count WHERE id = :id",
               {{"id", id}, {"count", RetrievalStore::kMaxEvents - 2}});
  RetrievalAuditEvent event;
  event.contextId = id;
  event.arguments = event.returnedRefs = "{}";
  // Of eight at once two come through.
  std::atomic<int> added = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { added += retrieval_.add(event) ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(added, 2);
  EXPECT_EQ(retrieval_.find(id)->eventCount, RetrievalStore::kMaxEvents);
  EXPECT_EQ(retrieval_.events(id, 0, 100).size(), 2U);
}

TEST_P(FacesStoreTest, TheNewestContextsOfAUserAreKept) {
  database().fill("projects_retrieval_contexts", RetrievalStore::kMaxContexts,
                  {{"id", "'ra_' || n"}, {"project_id", "'proj_1'"}, {"created_by", "'ada'"}, {"created_at", "n"}});
  RetrievalAuditContext context;
  context.projectId = "proj_1";
  context.createdAt = mortise::timeOf(1'000'000);
  context.createdBy = "bob";
  retrieval_.open(context);
  EXPECT_TRUE(retrieval_.find("ra_1"));
  context.createdBy = "ada";
  const auto id = retrieval_.open(context);
  EXPECT_FALSE(retrieval_.find("ra_1"));
  EXPECT_TRUE(retrieval_.find("ra_2"));
  EXPECT_TRUE(retrieval_.find(id));
}

TEST_P(FacesStoreTest, WorkQueuesCountTheirItems) {
  EXPECT_TRUE(queues_.add(queue("a"), {"tk_1", "tk_2"}));
  auto other = queue("a");
  other.id = "wq_other";
  EXPECT_FALSE(queues_.add(other, {})) << "a name is one queue's";
  auto items = queues_.items("wq_proj_1a");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].ticketId, "tk_1");
  items[1].status = QueueItemStatus::done;
  queues_.changeItem(items[1]);
  queues_.addItems("wq_proj_1a", {"tk_3"}, mortise::timeOf(5));
  queues_.count("wq_proj_1a");
  const auto found = queues_.find("proj_1", "wq_proj_1a").value();
  EXPECT_EQ(found.pending, 2);
  EXPECT_EQ(found.done, 1);
  EXPECT_EQ(queues_.items("wq_proj_1a")[2].ticketId, "tk_3");
  EXPECT_FALSE(queues_.find("proj_2", "wq_proj_1a"));
  EXPECT_FALSE(queues_.lock("proj_2", "wq_proj_1a"));
  EXPECT_TRUE(queues_.add(queue("a", "proj_2"), {}));
  WorkQueuePart part(db());
  ProjectMerge merge;
  merge.from = "proj_1";
  merge.into = "proj_2";
  db().transaction([&](mortise::Transaction& tx) { part.merged(tx, merge); });
  EXPECT_EQ(queues_.find("proj_2", "wq_proj_1a")->name, "a-2");
  EXPECT_EQ(merge.stats["work_queues"], 1);
  db().transaction([&](mortise::Transaction& tx) { part.removed(tx, "proj_2"); });
  EXPECT_EQ(queues_.countOf("proj_2"), 0);
  EXPECT_TRUE(queues_.items("wq_proj_1a").empty());
}

TEST_P(FacesStoreTest, EveryWorkQueueGoesWithItsProject) {
  constexpr int kMany = WorkQueueStore::kMaxQueues * 2 + 30;
  database().fill("projects_work_queues", kMany,
                  {{"id", "'wq_' || n"},
                   {"project_id", "'proj_1'"},
                   {"name", "'queue ' || n"},
                   {"mode", "'triage'"},
                   {"selector", "'{}'"},
                   {"auto_adopt", "0"},
                   {"max_adopt_per_wake", "5"},
                   {"stop_condition", "'manual'"},
                   {"cadence_seconds", "300"},
                   {"max_tickets_per_run", "1"},
                   {"max_attempts_per_item", "3"},
                   {"status", "'active'"},
                   {"lease_epoch", "0"},
                   {"created_by_user_id", "'ada'"},
                   {"pending", "0"},
                   {"active", "0"},
                   {"waiting", "0"},
                   {"done", "0"},
                   {"failed", "0"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  db().execute("UPDATE projects_work_queues SET selector = :selector, assigned_persona = 'Atlas' WHERE id = 'wq_1'",
               {{"selector", R"({"assigned_to":"ATLAS","more":[1,2.5],"priority":"high"})"}});
  WorkQueuePart part(db());
  ProjectMerge merge;
  merge.from = "proj_1";
  merge.into = "proj_2";
  merge.personaRenames = {{"Atlas", "Atlas-2"}, {"Other", "x"}};
  db().transaction([&](mortise::Transaction& tx) { part.merged(tx, merge); });
  EXPECT_EQ(merge.stats["work_queues"], kMany);
  EXPECT_EQ(queues_.countOf("proj_1"), 0);
  EXPECT_EQ(queues_.countOf("proj_2"), kMany);
  const auto renamed = queues_.find("proj_2", "wq_1").value();
  EXPECT_EQ(renamed.assignedPersona, "Atlas-2");
  EXPECT_EQ(renamed.selector, R"({"assigned_to":"Atlas-2","more":[1,2.5],"priority":"high"})");
  EXPECT_EQ(queues_.find("proj_2", "wq_2")->selector, "{}");
}

TEST_P(FacesStoreTest, ListsWalkAlongIndexes) {
  database().fill("projects_rules", kManyRows,
                  {{"id", "'rules_' || n"},
                   {"project_id", "'proj_' || n"},
                   {"version", "1"},
                   {"static_rules", "''"},
                   {"include_knowledge", "1"},
                   {"knowledge_types", "'[]'"},
                   {"knowledge_max_tokens", "1"},
                   {"include_context", "1"},
                   {"context_sections", "'[]'"},
                   {"context_max_tokens", "1"},
                   {"tool_overrides", "'{}'"},
                   {"enabled_tools", "'[]'"},
                   {"etag", "'x'"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_rules_versions", kManyRows,
                  {{"id", "'rv_' || n"},
                   {"rules_id", "'rules_' || (1 + n % 1000)"},
                   {"version", "n"},
                   {"compiled_at", "n"},
                   {"compiled_by", "'ada'"},
                   {"content_hash", "'x'"},
                   {"tools", "'[]'"},
                   {"static_rules", "''"},
                   {"knowledge_snapshot", "'[]'"},
                   {"context_snapshot", "'{}'"},
                   {"compiled_outputs", "'{}'"}});
  database().fill("projects_retrieval_contexts", kManyRows,
                  {{"id", "'ra_' || n"},
                   {"project_id", "'proj_' || (n % 1000)"},
                   {"ticket_id", "'tk_' || n"},
                   {"created_by", "'user' || (n % 1000)"},
                   {"created_at", "n"}});
  database().fill("projects_retrieval_events", kManyRows,
                  {{"context_id", "'ra_' || (1 + n % 1000)"},
                   {"tool_name", "'x'"},
                   {"arguments", "'{}'"},
                   {"returned_refs", "'{}'"},
                   {"source", "'mcp'"},
                   {"created_at", "n"}});
  database().fill("projects_work_queues", kManyRows,
                  {{"id", "'wq_' || n"},
                   {"project_id", "'proj_' || (n % 1000)"},
                   {"name", "'queue ' || n"},
                   {"mode", "'triage'"},
                   {"selector", "'{}'"},
                   {"auto_adopt", "0"},
                   {"max_adopt_per_wake", "5"},
                   {"stop_condition", "'manual'"},
                   {"cadence_seconds", "300"},
                   {"max_tickets_per_run", "1"},
                   {"max_attempts_per_item", "3"},
                   {"status", "CASE WHEN n % 2 = 0 THEN 'active' ELSE 'paused' END"},
                   {"lease_epoch", "0"},
                   {"created_by_user_id", "'ada'"},
                   {"pending", "0"},
                   {"active", "0"},
                   {"waiting", "0"},
                   {"done", "0"},
                   {"failed", "0"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().fill("projects_work_queue_items", kManyRows,
                  {{"id", "'wqi_' || n"},
                   {"queue_id", "'wq_' || (1 + n % 1000)"},
                   {"position", "n"},
                   {"ticket_id", "'tk_' || n"},
                   {"item_status", "'pending'"},
                   {"attempts", "0"},
                   {"created_at", "n"},
                   {"updated_at", "n"}});
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    rules_.find("proj_7");
    rules_.versions("rules_7");
    rules_.version("rules_7", 6);
    rules_.newest("rules_7");
    auto next = version(rules_.find("proj_7").value(), 200'000);
    next.id = "rv_next";
    rules_.add(next);
    retrieval_.find("ra_7");
    retrieval_.events("ra_7", 0, 100);
    retrieval_.close("tk_7", mortise::timeOf(1));
    queues_.list("proj_7", {}, 50);
    queues_.list("proj_7", QueueStatus::active, 50);
    queues_.find("proj_7", "wq_7");
    queues_.countOf("proj_7");
    queues_.items("wq_7");
    queues_.item("wq_7", "wqi_6");
    queues_.all("proj_7");
    queues_.lock("proj_7", "wq_7");
    queues_.setWoken("wq_7", mortise::timeOf(1));
    queues_.count("wq_7");
    queues_.addItems("wq_7", {"tk_x"}, mortise::timeOf(1));
    auto queue = queues_.find("proj_7", "wq_7").value();
    queues_.setStatus(queue);
    queues_.changeItem(queues_.items("wq_7").at(0));
    queues_.renamePersona("proj_7", "a", "b");
    queues_.move("wq_7", "proj_8", "queue 7", "{}");
    queues_.removeAllOf("proj_9");
    RetrievalAuditContext context;
    context.projectId = "proj_7";
    context.createdBy = "user7";
    context.createdAt = mortise::timeOf(1'000'000);
    RetrievalAuditEvent event;
    event.contextId = retrieval_.open(context);
    event.arguments = event.returnedRefs = "{}";
    retrieval_.add(event);
    retrieval_.moveAll("proj_7", "proj_8");
    retrieval_.removeAllOf("proj_9");
    retrieval_.forgetUser("user9");
  }));
}

}  // namespace
}  // namespace projects
