#include "runs/run_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>
#include <mortise/testing/test_database.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace projects {
namespace {

using mortise::testing::kManyRows;
using mortise::testing::plansAreIndexed;
using namespace std::chrono_literals;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

using AgentRun = Run;  // in a test Run is its own

class RunStoreTest : public mortise::testing::DatabaseTest {
 protected:
  RunStoreTest() : DatabaseTest("projects", PROJECTS_SOURCE_DIR "/migrations") {}

  AgentRun add(const std::string& id, const std::string& persona = "Reviewer", mortise::Time at = kNow) {
    AgentRun run;
    run.id = id;
    run.projectId = "proj_1";
    run.personaName = persona;
    run.createdAt = at;
    store_.add(run);
    return run;
  }
  std::string status(const std::string& id) const {
    return std::string(mortise::detail::nameOf(store_.find("proj_1", id)->status));
  }
  bool complete(const std::string& id, RunStatus said = RunStatus::passed) const {
    return store_.complete(id, {.status = said}, verdictOf(said, "none", {}), kNow + 90s);
  }
  std::string listed(const RunFilter& filter) const {
    std::string out;
    for (const auto& run : store_.list("proj_1", filter, {}, 50).runs) out += run.id + " ";
    return out;
  }

  RunStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(RunStoreTest);

TEST_P(RunStoreTest, GoesFromQueuedOverRunningToOneEnd) {
  add("run_1");
  EXPECT_EQ(status("run_1"), "queued");
  EXPECT_TRUE(store_.start("run_1", "codex", kNow));
  EXPECT_FALSE(store_.start("run_1", {}, kNow));
  EXPECT_EQ(store_.find("proj_1", "run_1")->tool, "codex");
  EXPECT_TRUE(complete("run_1", RunStatus::errored));
  EXPECT_FALSE(complete("run_1"));
  EXPECT_FALSE(store_.cancel("run_1", kNow));
  EXPECT_FALSE(store_.start("run_1", {}, kNow));
  const auto run = store_.find("proj_1", "run_1").value();
  EXPECT_EQ(run.status, RunStatus::errored);
  EXPECT_EQ(run.policyResult, "fail");
  EXPECT_EQ(run.exitCode, 1);
  EXPECT_EQ(run.durationSeconds, 90);
  EXPECT_FALSE(store_.find("proj_2", "run_1"));
}

TEST_P(RunStoreTest, EndsWithoutAStartAndThenHasNoDuration) {
  add("run_1");
  EXPECT_TRUE(complete("run_1"));
  EXPECT_FALSE(store_.find("proj_1", "run_1")->durationSeconds);
  add("run_2");
  EXPECT_TRUE(store_.cancel("run_2", kNow));
  const auto run = store_.find("proj_1", "run_2").value();
  EXPECT_EQ(run.status, RunStatus::cancelled);
  EXPECT_EQ(run.policyResult, "pass");
  EXPECT_EQ(run.exitCode, 0);
}

TEST_P(RunStoreTest, OfManyWhoStartOneWins) {
  add("run_1");
  std::atomic<int> wins{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { wins += store_.start("run_1", {}, kNow) ? 1 : 0; });
  for (auto& each : threads) each.join();
  EXPECT_EQ(wins, 1);
}

TEST_P(RunStoreTest, ListsNewestFirstWhatIsAskedFor) {
  add("run_1", "Reviewer", kNow);
  add("run_2", "writer", kNow + 1s);
  add("run_3", "reviewer", kNow + 1s);
  store_.start("run_3", {}, kNow);
  EXPECT_EQ(listed({}), "run_3 run_2 run_1 ");
  EXPECT_EQ(listed({.personaName = "REVIEWER"}), "run_3 run_1 ");
  EXPECT_EQ(listed({.personaName = "reviewer", .status = "queued"}), "run_1 ");
  EXPECT_EQ(listed({.triggerSource = "ci"}), "");
  EXPECT_EQ(listed({.ticketId = "tk_1"}), "");
  EXPECT_EQ(store_.list("proj_1", {}, {}, 1).runs.size(), 1u);
}

TEST_P(RunStoreTest, ListsPagesThatHaveSoManyRowsAndBytes) {
  for (int i = 1; i <= 5; ++i) add("run_" + std::to_string(i), "Reviewer", i < 4 ? kNow : kNow + 1s);
  ASSERT_TRUE(store_.complete("run_2", {.findings = "[{\"a\":\"" + std::string(20'000, 'x') + "\"}]"}, {}, kNow));
  const auto pages = [&](std::size_t limit, std::size_t bytes) {
    std::string out;
    std::optional<ListPlace> place;
    for (bool hasMore = true; hasMore;) {
      const auto page = store_.list("proj_1", {}, place, limit, bytes);
      for (const auto& run : page.runs) out += run.id.substr(4);
      out += " ";
      place = {page.runs.back().createdAt, page.runs.back().id};
      hasMore = page.hasMore;
    }
    return out;
  };
  EXPECT_EQ(pages(2, 1 << 20), "54 32 1 ");
  EXPECT_EQ(pages(5, 1 << 20), "54321 ");
  EXPECT_EQ(pages(50, 10'000), "543 2 1 ") << "a long one stands alone";
}

TEST_P(RunStoreTest, NeedsItsPersonaUntilItIsOver) {
  Persona persona;
  persona.nameKey = "reviewer";
  const auto isNeeded = [&](const std::string& project) {
    return db().transaction([&](mortise::Transaction& tx) { return store_.uses(tx, {"proj_3", project}, persona); });
  };
  add("run_1");
  EXPECT_TRUE(isNeeded("proj_1"));
  EXPECT_FALSE(isNeeded("proj_2"));
  store_.start("run_1", {}, kNow);
  EXPECT_TRUE(isNeeded("proj_1"));
  complete("run_1");
  EXPECT_FALSE(isNeeded("proj_1"));
}

TEST_P(RunStoreTest, MakesRoomByThoseThatEndedFirst) {
  for (int i = 1; i <= 4; ++i) add("run_" + std::to_string(i), "Reviewer", kNow + std::chrono::seconds(i));
  EXPECT_TRUE(store_.makeRoom("proj_1", 5));
  EXPECT_FALSE(store_.makeRoom("proj_1", 4)) << "none is over";
  EXPECT_EQ(listed({}), "run_4 run_3 run_2 run_1 ");
  store_.cancel("run_4", kNow + 100s);
  complete("run_3");
  complete("run_2");
  EXPECT_TRUE(store_.makeRoom("proj_1", 4));
  EXPECT_EQ(listed({}), "run_4 run_3 run_1 ") << "the one that ended first, not one that goes on";
  EXPECT_TRUE(store_.makeRoom("proj_1", 2)) << "several where there are more than there may be";
  EXPECT_EQ(listed({}), "run_1 ");
  EXPECT_TRUE(store_.makeRoom("proj_2", 1)) << "each project has room of its own";
}

TEST_P(RunStoreTest, GoesWithItsProject) {
  add("run_1", "Reviewer");
  ProjectMerge merge;
  merge.from = "proj_1";
  merge.into = "proj_2";
  merge.personaRenames["reviewer"] = "reviewer-2";
  db().transaction([&](mortise::Transaction& tx) { store_.merged(tx, merge); });
  EXPECT_EQ(merge.stats.at("agent_runs"), 1);
  EXPECT_EQ(store_.find("proj_2", "run_1")->personaName, "reviewer-2");
  db().transaction([&](mortise::Transaction& tx) { store_.removed(tx, "proj_2"); });
  EXPECT_FALSE(store_.find("proj_2", "run_1"));
}

TEST_P(RunStoreTest, IsListedAlongIndexesHoweverManyThereAre) {
  database().fill("projects_runs", kManyRows,
                  {{"id", "'run_' || n"},
                   {"project_id", "'proj_' || (n % 3)"},
                   {"persona_name", "'p' || (n % 7)"},
                   {"persona_key", "'p' || (n % 7)"},
                   {"tool", "'generic'"},
                   {"trigger_source", "CASE WHEN n % 11 = 0 THEN 'ci' ELSE 'manual' END"},
                   {"status", "CASE WHEN n % 1000 = 0 THEN 'queued' WHEN n % 10 = 0 THEN 'failed' ELSE 'passed' END"},
                   {"ticket_id", "'tk_' || (n % 1000)"},
                   {"findings_count", "0"},
                   {"findings", "'[]'"},
                   {"context_refs", "'[]'"},
                   {"created_at", "n / 3"},
                   {"completed_at", "CASE WHEN n % 1000 = 0 THEN NULL ELSE n END"}});
  database().analyze();
  Persona persona;
  persona.nameKey = "p1";
  const ListPlace place{mortise::timeOf(1000), "run_3000"};
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.find("proj_1", "run_1");
    store_.list("proj_1", {}, {}, 50);
    store_.list("proj_1", {.personaName = "p1"}, {}, 50);
    store_.list("proj_1", {.status = "failed"}, {}, 50);
    store_.list("proj_1", {.triggerSource = "ci"}, {}, 50);
    store_.list("proj_1", {.ticketId = "tk_7"}, {}, 50);
    store_.list("proj_1", {.personaName = "p1", .status = "failed"}, {}, 50);
    store_.list("proj_1", {.personaName = "p1", .triggerSource = "ci"}, {}, 50);
    store_.list("proj_1", {.status = "failed", .triggerSource = "ci"}, {}, 50);
    store_.list("proj_1", {}, place, 50);
    store_.list("proj_1", {.personaName = "p1", .status = "failed"}, place, 50);
    db().transaction([&](mortise::Transaction& tx) { store_.uses(tx, {"proj_1"}, persona); });
    db().transaction([&](mortise::Transaction& tx) { store_.uses(tx, {"proj_1", "proj_2", "proj_0"}, persona); });
    store_.start("run_1", {}, kNow);
    store_.cancel("run_1", kNow);
    store_.makeRoom("proj_1", 1000);
  }));
  // Two filters lead there, the third sorts out.
  EXPECT_PLANS(plansAreIndexed(
      database(),
      [&] {
        store_.list("proj_1", {.personaName = "p1", .status = "failed", .triggerSource = "ci"}, {}, 50);
        store_.list("proj_1", {.personaName = "p1", .status = "failed", .triggerSource = "ci", .ticketId = "tk_7"}, {},
                    50);
      },
      {.mayFilter = true}));
}

TEST(RunPolicy, FailsWhatIsTooSevere) {
  struct Row {
    RunStatus said;
    const char* severity;
    std::optional<std::string> failOn;
    RunStatus status;
    const char* policy;
    std::int64_t exitCode;
  };
  using S = RunStatus;
  for (const auto& row :
       {Row{S::passed, "none", {}, S::passed, "pass", 0}, Row{S::passed, "critical", {}, S::passed, "pass", 0},
        Row{S::passed, "critical", "none", S::passed, "pass", 0}, Row{S::passed, "none", "low", S::passed, "pass", 0},
        Row{S::passed, "low", "medium", S::passed, "pass", 0}, Row{S::passed, "medium", "medium", S::failed, "fail", 1},
        Row{S::passed, "critical", "low", S::failed, "fail", 1}, Row{S::failed, "none", {}, S::failed, "fail", 1},
        Row{S::errored, "none", "critical", S::errored, "fail", 1}}) {
    const auto verdict = verdictOf(row.said, row.severity, row.failOn);
    EXPECT_EQ(verdict.status, row.status) << row.severity << row.failOn.value_or("-");
    EXPECT_EQ(verdict.policyResult, row.policy);
    EXPECT_EQ(verdict.exitCode, row.exitCode);
  }
}

}  // namespace
}  // namespace projects
