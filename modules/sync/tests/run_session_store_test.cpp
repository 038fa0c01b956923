// Sessions of runs: what they show of the reports, that each run has one however many servers look, and that they end
// with their run.
#include "sync_sessions/run_session_store.hpp"

#include <gtest/gtest.h>
#include <mortise/testing/plans.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "sync_sessions/session_store.hpp"

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
  out.isLatest = true;
  out.targets = std::move(targets);
  for (auto& one : out.targets) one.revision = revision;
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

TEST_P(RunSessionsInTheDatabase, DoNotEndBeforeAllReportsOfTheirRunHaveCome) {
  auto early = reported(1, "succeeded", {target(1)});
  early.isLatest = false;
  EXPECT_FALSE(store_.take(early, kNow)->ended);
  EXPECT_EQ(sessions().at(0).status, "running") << "the run has ended, but told more before that";
  const auto last = store_.take(reported(3, "succeeded", {failed(2, "boom")}), kNow);
  ASSERT_TRUE(last->ended);
  EXPECT_EQ(last->ended->status, "failed");
  EXPECT_EQ(last->ended->runId, "run-1");
  EXPECT_EQ(sessions().at(0).successful, 1);
}

// Two servers read pages that overlap: each report is counted by one of them.
TEST_P(RunSessionsInTheDatabase, CountEachReportOnce) {
  const auto page = [](std::int64_t from, std::int64_t to) {
    auto out = reported(to, "running");
    for (auto number = from; number <= to; ++number) {
      out.targets.push_back(number == 3 ? failed(number, "boom") : target(number));
      out.targets.back().revision = number;
    }
    return out;
  };
  const auto first = store_.take(page(1, 3), kNow);
  EXPECT_EQ(first->completed, 2);
  EXPECT_EQ(first->failed, 1);
  const auto second = store_.take(page(2, 5), kNow);
  EXPECT_EQ(second->completed, 2) << "4 and 5 are new";
  EXPECT_EQ(second->failed, 0);
  EXPECT_FALSE(store_.take(page(4, 5), kNow));
  const auto session = sessions().at(0);
  EXPECT_EQ(session.total, 5);
  EXPECT_EQ(session.successful, 4);
  EXPECT_EQ(session.failed, 1);
}

// Runs report by turns, in every order; two servers read pages of every size and take runs out of them late.
TEST_P(RunSessionsInTheDatabase, HaveEveryReportHoweverRunsAndServersTakeTurns) {
  struct Written {
    int run = 0;
    mortise::ReportedTarget target;  // number 0: the run itself
  };
  for (unsigned seed = 1; seed <= 25; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    const auto base = store_.revision();
    const auto idOf = [&](int run) { return "seed-" + std::to_string(seed) + "-" + std::to_string(run); };
    // What the kernel has: each target and each run once, at its last revision.
    std::map<std::int64_t, Written> changes;
    std::map<int, std::map<std::int64_t, State>> truth;
    bool ended[3] = {};
    std::int64_t last = base;
    const auto write = [&](int run, std::int64_t number, State state) {
      std::erase_if(changes,
                    [&](const auto& each) { return each.second.run == run && each.second.target.number == number; });
      Written written{run, target(number, state)};
      written.target.revision = ++last;
      changes[last] = written;
      if (number > 0) truth[run][number] = state;
    };
    const auto read = [&](std::int64_t after, int limit) {
      std::vector<mortise::ReportedRun> page;
      for (auto at = changes.upper_bound(after); at != changes.end() && limit > 0; ++at, --limit) {
        const auto& [revision, written] = *at;
        if (page.empty() || page.back().run.id != idOf(written.run))
          page.push_back(reported(revision, ended[written.run] ? "succeeded" : "running", {}, idOf(written.run)));
        page.back().revision = revision;
        page.back().isLatest = written.target.number == 0;
        if (written.target.number > 0) page.back().targets.push_back(written.target);
      }
      return page;
    };
    std::map<std::string, std::int64_t> completed;
    std::map<std::string, int> ends;
    const auto take = [&](const mortise::ReportedRun& run) {
      const auto change = store_.take(run, kNow);
      if (!change) return;
      completed[run.run.id] += change->completed;
      if (change->ended) ++ends[run.run.id];
    };
    std::vector<mortise::ReportedRun> pages[2];
    for (int step = 0; step < 40; ++step) {
      auto& page = pages[below(2)];
      const int run = below(3);
      if (below(3) == 0) {
        if (ended[run]) continue;
        for (int targets = 1 + below(3); targets > 0; --targets) {
          const auto number = 1 + below(4);
          const auto before = truth[run].find(number);
          if (before != truth[run].end() && before->second == State::done) continue;
          write(run, number, below(2) == 0 ? State::done : State::running);
        }
        if (truth[run].empty()) continue;
        if (below(8) == 0) ended[run] = true;
        write(run, 0, State::done);
      } else if (page.empty()) {
        page = read(store_.revision(), 1 + below(4));
      } else {
        take(page.front());
        page.erase(page.begin());
      }
    }
    for (auto page = read(store_.revision(), 2); !page.empty(); page = read(store_.revision(), 2))
      for (const auto& run : page) take(run);
    for (const auto& [run, targets] : truth) {
      if (targets.empty()) continue;
      const auto session = mortise::db::row<Session>(db(), "WHERE run_id = :run", {{"run", idOf(run)}});
      ASSERT_TRUE(session) << idOf(run);
      std::map<std::int64_t, State> seen;
      std::int64_t done = 0;
      for (const auto& record : sessions_.records(session->sessionId)) {
        seen[record.instanceId] = record.status == "completed" ? State::done : State::running;
      }
      for (const auto& [number, state] : targets) done += state == State::done ? 1 : 0;
      seen.erase(0);  // the error of a run that ended with targets left
      EXPECT_EQ(seen, targets) << idOf(run);
      EXPECT_EQ(session->successful, done) << idOf(run);
      EXPECT_EQ(completed[idOf(run)], done) << idOf(run) << ": each outcome counts once";
      EXPECT_EQ(ends[idOf(run)], ended[run] ? 1 : 0) << idOf(run);
      EXPECT_EQ(session->status == "running", !ended[run]) << idOf(run);
    }
  }
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
  const auto cancelled = sessions_.cancel(id, kNow);
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->runId, "run-1") << "this run is to stop";
  const auto goesOn = store_.take(reported(2, "running", {target(2, State::running)}), kNow);
  EXPECT_TRUE(goesOn->goesOnCancelled) << "it was not told";
  const auto last = store_.take(reported(3, "cancelled", {target(1)}), kNow);
  EXPECT_FALSE(last->ended);
  EXPECT_FALSE(last->goesOnCancelled);
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

// A run with as many targets as one may have, of which two change.
TEST_P(RunSessionsInTheDatabase, OfManyTargetsAreReadOnlyWhereTheyChange) {
  const auto id = store_.take(reported(1, "running", {target(1, State::running)}), kNow)->sessionId;
  database().fill("sync_records", mortise::testing::kManyRows,
                  {{"id", "n + 1"},
                   {"session_id", "'" + id + "'"},
                   {"instance_id", "n + 1"},
                   {"sync_category", "'other'"},
                   {"status", "'pending'"},
                   {"items_synced", "0"},
                   {"items_created", "0"},
                   {"items_updated", "0"},
                   {"items_deleted", "0"},
                   {"created_at", "n"}});
  run("UPDATE sync_numbers SET last = 1000000 WHERE name = 'record'");
  run("UPDATE sync_sessions SET total_instances = " + std::to_string(mortise::testing::kManyRows + 1));
  database().analyze();
  EXPECT_PLANS(plansAreIndexed(database(), [&] {
    const auto change = store_.take(reported(2, "running", {target(1), target(77), target(200'000)}), kNow);
    EXPECT_EQ(change->completed, 3);
  }));
  const auto session = sessions_.find(id).value();
  EXPECT_EQ(session.successful, 3);
  EXPECT_EQ(session.total, mortise::testing::kManyRows + 2);
}

TEST(DetailsOfReports, AreOfVersionOneAsRecordsWantThem) {
  EXPECT_EQ(detailsFrom(""), "");
  EXPECT_EQ(detailsFrom(R"({"version":1,"a":2})"), R"({"version":1,"a":2})");
  EXPECT_EQ(detailsFrom(R"({"a":2})"), R"({"version":1,"report":{"a":2}})");
}

}  // namespace
}  // namespace sync_sessions
