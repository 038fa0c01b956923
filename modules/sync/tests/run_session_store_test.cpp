// Sessions of runs: what they show of the reports, that each run has one however many servers look, and that they end
// with their run.
#include "../run_session_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "../session_store.hpp"

namespace sync_sessions {
namespace {

using namespace std::chrono_literals;
using State = mortise::JobReport::State;

constexpr auto kNow = mortise::timeOf(1'700'000'000'000'000);

mortise::ReportedTarget target(std::int64_t number, State state = State::done) {
  mortise::ReportedTarget out;
  out.target = "t" + std::to_string(number);
  out.number = number;
  out.state = state;
  if (state != State::pending) out.startedAt = mortise::micros(kNow) + number;
  if (state == State::done) out.endedAt = mortise::micros(kNow) + 10 * number;
  return out;
}

mortise::ReportedTarget failed(std::int64_t number, const std::string& why) {
  auto out = target(number);
  out.failure = why;
  return out;
}

mortise::ReportedRun reported(std::int64_t revision, const std::string& outcome,
                              std::vector<mortise::ReportedTarget> targets = {}, const std::string& id = "run-1") {
  mortise::ReportedRun out;
  out.revision = revision;
  out.run.id = id;
  out.run.outcome = outcome;
  out.run.startedAt = mortise::micros(kNow) - 5;
  if (outcome != "running") out.run.endedAt = mortise::micros(kNow) + 100;
  out.targets = std::move(targets);
  return out;
}

class RunSessionsInTheDatabase : public mortise::testing::DatabaseTest {
 protected:
  RunSessionsInTheDatabase() : DatabaseTest("sync", SYNC_SOURCE_DIR "/migrations") {}

  std::vector<Session> sessions() { return mortise::db::rows<Session>(db(), "ORDER BY id"); }
  std::int64_t countOf(const std::string& status) {
    auto paging = mortise::Paging::first(10, mortise::numberedPages());
    return sessions_.list({"", "", status}, paging).total;
  }

  SessionStore sessions_{db()};
  RunSessionStore store_{db()};
};
MORTISE_ON_EVERY_DATABASE(RunSessionsInTheDatabase);

TEST_P(RunSessionsInTheDatabase, ShowARunFromItsFirstReportToItsEnd) {
  EXPECT_EQ(store_.revision(), 0);
  auto begun = reported(3, "running", {target(1, State::running), target(2, State::pending)});
  begun.run.manual = true;
  begun.run.createdBy = 7;
  const auto opened = store_.take(begun, kNow);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->isNew);
  EXPECT_FALSE(opened->ended);
  EXPECT_EQ(store_.revision(), 3);
  auto session = sessions_.find(opened->sessionId).value();
  EXPECT_EQ(session.type, "manual_task");
  EXPECT_EQ(session.category, "other");
  EXPECT_EQ(session.createdBy, 7);
  EXPECT_EQ(session.status, "running");
  EXPECT_EQ(session.runId, "run-1");
  EXPECT_EQ(session.startedAt, kNow - 5us);
  EXPECT_EQ(session.total, 2);
  EXPECT_EQ(countOf("running"), 1);
  auto records = sessions_.records(session.sessionId);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].status, "running");
  EXPECT_EQ(records[0].startedAt, kNow + 1us);
  EXPECT_EQ(records[1].status, "pending");
  EXPECT_FALSE(records[1].startedAt);

  auto done = target(1);
  done.synced = 4;
  done.deleted = 2;
  done.details = R"({"version":1,"a":2})";
  EXPECT_FALSE(store_.take(reported(4, "running", {done}), kNow)->isNew);
  const auto ended = store_.take(reported(5, "succeeded", {target(2), target(3)}), kNow);
  ASSERT_TRUE(ended->ended);
  EXPECT_EQ(ended->completed, 2);
  EXPECT_EQ(ended->ended->status, "completed");
  session = sessions_.find(opened->sessionId).value();
  EXPECT_EQ(session.completedAt, kNow + 100us) << "when the run ended";
  EXPECT_EQ(session.total, 3);
  EXPECT_EQ(session.successful, 3);
  records = sessions_.records(session.sessionId);
  EXPECT_EQ(records[0].counters.synced, 4);
  EXPECT_EQ(records[0].counters.deleted, 2);
  EXPECT_EQ(records[0].details, done.details);
  EXPECT_EQ(records[0].completedAt, kNow + 10us);
  EXPECT_EQ(records[2].instanceName, "t3");
  EXPECT_EQ(countOf("running"), 0);
  EXPECT_EQ(countOf("completed"), 1);
}

TEST_P(RunSessionsInTheDatabase, DoNotEndBeforeTheirRun) {
  store_.take(reported(1, "running", {target(1)}), kNow);
  EXPECT_EQ(sessions().at(0).status, "running") << "another target may follow";
}

TEST_P(RunSessionsInTheDatabase, ComeOnceHoweverManyServersLook) {
  const auto report = reported(9, "succeeded", {target(1)});
  EXPECT_TRUE(store_.take(report, kNow));
  EXPECT_FALSE(store_.take(report, kNow));
  EXPECT_FALSE(store_.take(reported(8, "succeeded", {target(1)}, "run-0"), kNow)) << "another server was there before";
  EXPECT_EQ(sessions().size(), 1U);
  // Both at once, as two servers do that heard the same event.
  for (int round = 0; round < 20; ++round) {
    const auto next = reported(10 + round, "succeeded", {target(1)}, "run-" + std::to_string(10 + round));
    std::vector<std::thread> servers;
    std::atomic<int> taken{0};
    for (int server = 0; server < 2; ++server) {
      servers.emplace_back([&] {
        const RunSessionStore own(db());
        if (own.take(next, kNow)) ++taken;
      });
    }
    for (auto& server : servers) server.join();
    EXPECT_EQ(taken.load(), 1);
  }
  EXPECT_EQ(sessions().size(), 21U);
  EXPECT_EQ(countOf("completed"), 21);
  EXPECT_EQ(store_.revision(), 29);
}

TEST_P(RunSessionsInTheDatabase, EndByTheirTargetsAndTheirRun) {
  struct Case {
    const char* outcome;
    std::vector<mortise::ReportedTarget> targets;
    const char* status;
    std::vector<std::string> errors;
  };
  const std::vector<Case> cases = {
      {"succeeded", {target(1)}, "completed", {}},
      {"succeeded", {failed(1, "boom")}, "failed", {"boom"}},
      {"succeeded", {target(1, State::pending)}, "failed", {"1 targets were left without an outcome"}},
      {"failed", {failed(1, "boom")}, "failed", {"boom"}},
      {"failed", {target(1)}, "failed", {"no disk"}},
      {"failed", {failed(1, "boom"), target(2, State::pending)}, "failed", {"boom", "no disk"}},
      {"cancelled", {target(1)}, "completed", {}},
      {"cancelled", {target(1), target(2, State::running)}, "failed", {"the run was asked to stop"}},
      {"timed_out", {target(1, State::running)}, "failed", {"the run reached its time limit"}},
      {"lost", {target(1, State::running)}, "failed", {"no disk"}},
  };
  std::int64_t revision = 0;
  for (const auto& one : cases) {
    ++revision;
    auto ended = reported(revision, one.outcome, one.targets, "run-" + std::to_string(revision));
    ended.run.error = "no disk";
    const auto change = store_.take(ended, kNow);
    ASSERT_TRUE(change && change->ended) << one.outcome;
    EXPECT_EQ(change->ended->status, one.status) << one.outcome;
    std::vector<std::string> errors;
    for (const auto& record : sessions_.failedRecords(change->sessionId)) errors.push_back(*record.errorMessage);
    EXPECT_EQ(errors, one.errors) << one.outcome << " " << revision;
  }
}

TEST_P(RunSessionsInTheDatabase, StayCancelledAndCountWhatWasDoneMeanwhile) {
  const auto id =
      store_.take(reported(1, "running", {target(1, State::running), target(2, State::pending)}), kNow)->sessionId;
  EXPECT_TRUE(sessions_.cancel(id, kNow));
  EXPECT_FALSE(store_.take(reported(2, "cancelled", {target(1)}), kNow)->ended);
  const auto session = sessions_.find(id).value();
  EXPECT_EQ(session.status, "cancelled");
  EXPECT_EQ(session.successful, 1);
  EXPECT_TRUE(sessions_.failedRecords(id).empty());
}

TEST_P(RunSessionsInTheDatabase, BelongToNoServerAndAreClosedOnlyAfterLongSilence) {
  store_.take(reported(1, "running", {target(1, State::running)}), kNow);
  const auto own = sessions_.open({"manual_task", "config", 7, "here"}, kNow);
  EXPECT_EQ(sessions_.runningOf("here"), std::vector<std::string>{own});
  EXPECT_EQ(sessions_.runningElsewhere("there").size(), 1U);
  EXPECT_TRUE(sessions_.runningOf("").empty());
  EXPECT_TRUE(sessions_.silentRuns(kNow).empty());
  EXPECT_EQ(sessions_.silentRuns(kNow + 1us).size(), 1U);
}

TEST_P(RunSessionsInTheDatabase, AreFoundAlongAnIndex) {
  database().fill("sync_sessions", mortise::testing::kManyRows,
                  {{"id", "n"},
                   {"session_id", "'s' || n"},
                   {"sync_type", "'manual_task'"},
                   {"sync_category", "'other'"},
                   {"status", "'completed'"},
                   {"started_at", "n"},
                   {"total_instances", "1"},
                   {"successful_instances", "1"},
                   {"failed_instances", "0"},
                   {"created_at", "n"},
                   {"updated_at", "n"},
                   {"server_id", "''"},
                   {"run_id", "'r' || n"}});
  run("UPDATE sync_numbers SET last = 1000000 WHERE name IN ('session', 'record')");
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    store_.revision();
    store_.take(reported(1, "running", {target(1, State::running)}), kNow);
    store_.take(reported(2, "succeeded", {target(1), target(2)}), kNow);
    sessions_.silentRuns(kNow);
  }));
}

TEST(DetailsOfReports, AreOfVersionOneAsRecordsWantThem) {
  EXPECT_EQ(detailsFrom(""), "");
  EXPECT_EQ(detailsFrom(R"({"version":1,"a":2})"), R"({"version":1,"a":2})");
  EXPECT_EQ(detailsFrom(R"({"a":2})"), R"({"version":1,"report":{"a":2}})");
}

}  // namespace
}  // namespace sync_sessions
