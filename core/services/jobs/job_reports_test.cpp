// What readers learn of the reports of runs: all of it and once, however runs move on between two reads, whatever the
// size of a page, and whichever of several servers reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/db/database.hpp"
#include "core/services/jobs/job_database_testing.hpp"
#include "core/services/jobs/job_run.hpp"
#include "core/services/jobs/job_store.hpp"
#include "core/services/jobs/run_recorder.hpp"
#include "tests/peers/postgres.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

// What is known of a run: how far each target is (a counter that grows with each report of it), and its outcome.
struct Known {
  std::map<std::string, std::int64_t> targets;
  std::string outcome = "running";
  bool operator==(const Known&) const = default;
};
using KnownRuns = std::map<std::string, Known>;

std::string shown(const KnownRuns& runs) {
  std::string text;
  for (const auto& [id, known] : runs) {
    text += id + ":";
    for (const auto& [target, count] : known.targets) text += " " + target + std::to_string(count);
    text += " " + known.outcome + "; ";
  }
  return text;
}

// The runs of a test, and what was stored of them.
class Writer {
 public:
  explicit Writer(JobStore& store) : store_(store) {}

  // "Xab Yc": run X reports targets a and b, in the next transaction run Y target c. "+" joins runs to one transaction.
  // "X." ends X, and "Xa." with a last report; "X!" is lost with its server.
  void write(const std::string& transaction) {
    std::vector<RunReports> reports;
    std::vector<RunEnd> ends;
    std::string lost;
    std::istringstream parts(transaction);
    for (std::string part; std::getline(parts, part, '+');) {
      const std::string id = part.substr(0, 1);
      std::vector<JobReport> changed;
      for (const char c : part.substr(1)) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) changed.push_back(reportOn(id, std::string(1, c)));
      }
      begin(id);
      if (part.back() == '.') {
        RunEnd end;
        end.id = id;
        end.outcome = truth_[id].outcome = "succeeded";
        end.endedAt = 1;
        end.hasReported = true;
        end.reports = std::move(changed);
        ends.push_back(std::move(end));
      } else if (part.back() == '!') {
        lost = id;
      } else {
        reports.push_back({id, std::move(changed)});
      }
    }
    if (!reports.empty()) store_.report(reports);
    if (!ends.empty()) store_.end(ends);
    if (!lost.empty()) {
      truth_[lost].outcome = "lost";
      store_.closeLost("node of " + lost, "", 1);
    }
  }
  const KnownRuns& truth() const { return truth_; }

 private:
  void begin(const std::string& id) {
    if (!begun_.insert(id).second) return;
    StoredRun run;
    run.id = id;
    run.jobId = "test.tick";
    run.node = "node of " + id;
    run.boot = "boot";
    store_.startManual(run);
  }
  JobReport reportOn(const std::string& run, const std::string& target) {
    JobReport report;
    report.target = target;
    report.number = target[0] - 'a' + 1;
    report.synced = ++truth_[run].targets[target];
    return report;
  }

  JobStore& store_;
  KnownRuns truth_;
  std::set<std::string> begun_;
};

// What servers make of the reports, and the one number that they keep with it.
struct Taken {
  std::int64_t revision = 0;
  KnownRuns runs;

  void take(const ReportedRun& reported) {
    if (reported.revision <= revision) return;  // another server was faster
    auto& known = runs[reported.run.id];
    for (const auto& report : reported.reports) {
      if (report.revision <= revision) continue;
      EXPECT_LT(known.targets[report.target], report.synced) << "told again: " << reported.run.id << report.target;
      known.targets[report.target] = report.synced;
    }
    if (reported.isLatest()) known.outcome = reported.run.outcome;
    revision = reported.revision;
  }
};

class JobReports : public testing::TestWithParam<db::Backend> {
 protected:
  void SetUp() override {
    std::string url = "sqlite:" + directory_.path() + "/jobs.db";
    if (GetParam() == db::Backend::postgresql) {
      auto* server = peers::Postgres::shared();
      if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
      url = server->newDatabase();
    }
    database_ = openJobDatabase(url);
    store_ = std::make_unique<JobStore>(*database_);
  }
  void clear() {
    for (const auto* sql : {"DELETE FROM mortise_job_runs", "UPDATE mortise_locks SET taken = 0"})
      database_->lease(db::Access::write)->execute(sql, {});
  }
  void takeAll(Taken& taken, std::int64_t limit) {
    for (auto page = store_->reportedSince(taken.revision, limit); !page.empty();
         page = store_->reportedSince(taken.revision, limit)) {
      for (const auto& reported : page) taken.take(reported);
    }
  }

  // In the database's own words.
  std::string planOf(const std::string& sql, const db::Parameters& parameters) {
    const bool sqlite = GetParam() == db::Backend::sqlite;
    const db::ColumnType sqliteTypes[] = {db::ColumnType::integer, db::ColumnType::integer, db::ColumnType::integer,
                                          db::ColumnType::text};
    const db::ColumnType types[] = {db::ColumnType::text};
    const auto connection = database_->lease(db::Access::read);
    std::string plan;
    if (sqlite) {
      const auto rows = connection->query("EXPLAIN QUERY PLAN " + sql, parameters, sqliteTypes);
      while (rows->next()) plan.append(rows->text(3)).append("\n");
    } else {
      const auto rows = connection->query("EXPLAIN " + sql, parameters, types);
      while (rows->next()) plan.append(rows->text(0)).append("\n");
    }
    return plan;
  }

  peers::TempDirectory directory_{"mortise-reports"};
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<JobStore> store_;
};

// "|": the reader takes the first run of a page, and no more of it.
TEST_P(JobReports, OfARunThatMovesOnBetweenTwoReadsAreAllTold) {
  for (const std::string script : {
           "Xa Yb Xc |",                        // X moves past Y before the reader comes
           "Xa Yb | Xc | |",                    // and after it began
           "Xa Yb X. |",                        // by its end
           "Xa Yb Xc. |",                       // by its end with a report
           "Xa Yb X! |",                        // with its server
           "Xa Yb Xa |",                        // by a newer report of the same target
           "Xab Yc Xb |",                       // by one of two
           "Xa Yb Zc Xd Ye Zf | Xg | Yh | Z.",  // all of them, by turns
           "Xa+Yb Ya+Xb | Xc+Yc. | X.",         // in common transactions
           "Xabcde Ya | Xe Yb | Xa Yc |",       // in the midst of a page
           "X. Ya | X. |",                      // without any target
       }) {
    for (const std::int64_t limit : {1, 2, 3, 1000}) {
      clear();
      Writer writer(*store_);
      Taken taken;
      std::istringstream steps(script);
      for (std::string step; steps >> step;) {
        if (step != "|") {
          writer.write(step);
          continue;
        }
        const auto page = store_->reportedSince(taken.revision, limit);
        if (!page.empty()) taken.take(page.front());
      }
      takeAll(taken, limit);
      EXPECT_EQ(shown(taken.runs), shown(writer.truth())) << script << " in pages of " << limit;
    }
  }
}

// Two servers, which read pages and take runs out of them at any time, also long after they read them.
TEST_P(JobReports, AreToldOnceToServersThatShareANumber) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    clear();
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<std::int64_t>(random() % n); };
    Writer writer(*store_);
    Taken taken;
    std::vector<ReportedRun> pages[2];
    std::set<char> over;
    for (int step = 0; step < 60; ++step) {
      auto& page = pages[below(2)];
      if (const auto what = below(3); what == 0) {
        const char run = "XYZ"[below(3)];
        if (over.contains(run)) continue;
        std::string transaction(1, run);
        for (auto targets = 1 + below(3); targets > 0; --targets) {
          const char target = "abcde"[below(5)];
          if (transaction.find(target) == std::string::npos) transaction += target;
        }
        if (below(12) == 0) {
          transaction += '.';
          over.insert(run);
        }
        writer.write(transaction);
      } else if (page.empty()) {
        page = store_->reportedSince(taken.revision, 1 + below(4));
      } else {
        taken.take(page.front());
        page.erase(page.begin());
      }
    }
    takeAll(taken, 1 + below(4));
    EXPECT_EQ(shown(taken.runs), shown(writer.truth())) << "seed " << seed;
  }
}

JobReport reportOn(const std::string& target, JobReport::State state = JobReport::State::done) {
  JobReport report;
  report.target = target;
  report.state = state;
  return report;
}

TEST_P(JobReports, ARunThatWasLostMovesOnWithWhatItHadReported) {
  auto& store = *store_;
  for (const char* id : {"reported", "silent"}) {
    StoredRun left;
    left.id = id;
    left.jobId = "test.tick";
    left.node = "one";
    left.boot = "before";
    store.startManual(left);
  }
  auto report = reportOn("a", JobReport::State::running);
  report.number = 1;
  store.report({{"reported", {report}}, {"gone", {report}}});
  const auto before = store.reportedSince(0, 10);
  ASSERT_EQ(before.size(), 1U) << "a run that is gone has no reports";
  const auto lost = store.closeLost("one", "now", 1);
  EXPECT_EQ(lost.runs, 2);
  EXPECT_EQ(lost.reported, 1);
  const auto after = store.reportedSince(before[0].revision, 10);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].run.id, "reported");
  EXPECT_EQ(after[0].run.outcome, "lost");
}

// A reader remembers one number: of runs that are written together it must be able to stop after each.
TEST_P(JobReports, RunsWhoseReportsAreWrittenTogetherHaveNumbersOfTheirOwn) {
  auto& store = *store_;
  std::vector<RunReports> reports;
  std::vector<RunEnd> ends;
  auto report = reportOn("a", JobReport::State::running);
  report.number = 1;
  for (const char* id : {"r1", "r2", "r3"}) {
    StoredRun run;
    run.id = id;
    run.jobId = "test.tick";
    run.node = "one";
    run.boot = "before";
    store.startManual(run);
    reports.push_back({id, {report}});
    RunEnd end;
    end.id = id;
    end.outcome = "succeeded";
    end.hasReported = true;
    ends.push_back(end);
  }
  std::int64_t revision = 0;
  const auto oneByOne = [&] {
    std::vector<std::string> seen;
    for (auto next = store.reportedSince(revision, 1); !next.empty(); next = store.reportedSince(revision, 1)) {
      if (next[0].isLatest()) seen.push_back(next[0].run.id);
      revision = next[0].revision;
    }
    std::sort(seen.begin(), seen.end());
    return seen;
  };
  const std::vector<std::string> all{"r1", "r2", "r3"};
  store.report(reports);
  EXPECT_EQ(oneByOne(), all);
  EXPECT_EQ(store.closeLost("one", "now", 1).runs, 3);
  EXPECT_EQ(oneByOne(), all);
  store.end(ends);
  EXPECT_EQ(oneByOne(), all);
  EXPECT_EQ(oneByOne(), std::vector<std::string>{});
}

TEST_P(JobReports, GoWithTheRecordsOfTheirRunsHoweverManyTheyAre) {
  const auto execute = [&](const std::string& sql) { database_->lease(db::Access::write)->execute(sql, {}); };
  execute(
      "INSERT INTO mortise_job_runs (id, job_id, outcome, node, boot, epoch, due_at, started_at, ended_at, "
      "report_revision) VALUES ('old', 'a.b', 'succeeded', 'one', '', 1, 1, 1, 10, 25001), ('silent', 'a.b', "
      "'succeeded', 'one', '', 1, 1, 1, 11, 0), ('young', 'a.b', 'succeeded', 'one', '', 1, 1, 1, 20, 25003), ('goes "
      "on', 'a.b', 'running', 'one', '', 1, 1, 1, 0, 25005)");
  execute(
      "INSERT INTO mortise_job_reports (run_id, number, revision, target, state, synced, created, updated, deleted, "
      "failure, details, started_at, ended_at) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n "
      "< "
      "25000) SELECT 'old', n, n, 'a', 0, 0, 0, 0, 0, '', '', 0, 0 FROM n UNION ALL SELECT 'young', 1, 25002, 'a', 0, "
      "0, "
      "0, 0, 0, '', '', 0, 0 UNION ALL SELECT 'goes on', 1, 25004, 'a', 0, 0, 0, 0, 0, '', '', 0, 0");
  execute("UPDATE mortise_locks SET taken = 25005 WHERE name = 'job_reports'");
  EXPECT_EQ(store_->purge(20), 2);
  const auto left = store_->reportedSince(0, 1000);
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0].run.id, "young");
  EXPECT_EQ(left[0].reports.size(), 1U);
  EXPECT_EQ(left[1].run.id, "goes on");
  EXPECT_EQ(store_->purge(20), 0);
}

// Of 100,000 runs with one target each, and of one run with as many.
TEST_P(JobReports, AreFoundAlongAnIndexHoweverManyThereAre) {
  const std::string many = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000) ";
  for (const bool ofOneRun : {false, true}) {
    clear();
    const std::string run = ofOneRun ? "'r1'" : "'r' || n";
    for (
        const auto& sql :
        {"INSERT INTO mortise_job_runs (id, job_id, outcome, node, boot, epoch, due_at, started_at, report_revision) " +
             many + "SELECT 'r' || n, 'test.tick', 'succeeded', 'one', '', 1, n, n, 2 * n FROM n" +
             (ofOneRun ? " WHERE n = 1" : ""),
         "INSERT INTO mortise_job_reports (run_id, number, revision, target, state, synced, created, updated, deleted, "
         "failure, details, started_at, ended_at) " +
             many + "SELECT " + run + ", n, 2 * n - 1, 'a', 0, 0, 0, 0, 0, '', '', 0, 0 FROM n",
         std::string("UPDATE mortise_locks SET taken = 200000 WHERE name = 'job_reports'")}) {
      database_->lease(db::Access::write)->execute(sql, {});
    }
    // SQLite plans without statistics, as in production.
    if (GetParam() == db::Backend::postgresql)
      database_->lease(db::Access::write)->execute("ANALYZE mortise_job_runs, mortise_job_reports", {});
    const auto found = store_->reportedSince(199996, 10);
    ASSERT_EQ(found.size(), ofOneRun ? 1U : 2U);
    EXPECT_EQ(found[0].reports.size(), ofOneRun ? 2U : 1U);
    const db::Parameters range{
        {"after", std::int64_t{199996}}, {"until", std::int64_t{200000}}, {"limit", std::int64_t{10}}};
    const auto runs = planOf(JobStore::changedRunsSql(), range);
    const auto reports = planOf(JobStore::changedReportsSql(), range);
    if (!ofOneRun) {
      EXPECT_NE(runs.find("mortise_job_runs_reported"), std::string::npos) << runs;
      for (const char* fault : {"Seq Scan", "SCAN ", "Sort", "TEMP B-TREE"})
        EXPECT_EQ(runs.find(fault), std::string::npos) << runs;
    }
    EXPECT_NE(reports.find("mortise_job_reports_revision"), std::string::npos) << reports;
    for (const char* fault : {"Seq Scan", "SCAN ", "Sort", "TEMP B-TREE"})
      EXPECT_EQ(reports.find(fault), std::string::npos) << reports;
  }
}

// Of the run that ends the reports are stored, those of the run that goes on are refused.
TEST_P(JobReports, AreAnnouncedAlsoWhenALaterStepFails) {
  const bool sqlite = GetParam() == db::Backend::sqlite;
  const auto run = [&](const char* sql) { database_->lease(db::Access::write)->execute(sql, {}); };
  run(sqlite ? "CREATE TRIGGER refused BEFORE INSERT ON mortise_job_reports WHEN NEW.target = 'poison' BEGIN SELECT "
               "RAISE(ABORT, 'refused'); END"
             : "ALTER TABLE mortise_job_reports ADD CONSTRAINT refused CHECK (target <> 'poison')");
  std::vector<std::shared_ptr<JobRun>> runs;
  for (const char* id : {"ends", "goes on"}) {
    StoredRun record;
    record.id = id;
    record.jobId = "test.tick";
    store_->startManual(record);
    runs.push_back(std::make_shared<JobRun>(record, ""));
  }
  runs[0]->report(reportOn("a"));
  runs[1]->report(reportOn("poison"));
  int announced = 0;
  RunRecorder recorder(
      *store_, [&] { return std::vector{runs[1]}; }, [&] { ++announced; });
  auto end = runs[0]->snapshot();
  end.outcome = "succeeded";
  recorder.ended(end, runs[0]);
  EXPECT_THROW(recorder.flush(), db::Error);
  EXPECT_EQ(announced, 1);
  EXPECT_EQ(store_->reportedSince(0, 10).size(), 1U);
  EXPECT_THROW(recorder.flush(), db::Error);
  EXPECT_EQ(announced, 1) << "nothing new was stored";
  run(sqlite ? "DROP TRIGGER refused" : "ALTER TABLE mortise_job_reports DROP CONSTRAINT refused");
  recorder.flush();
  EXPECT_EQ(announced, 2);
  EXPECT_EQ(store_->reportedSince(0, 10).size(), 2U) << "nothing is lost";
}

INSTANTIATE_TEST_SUITE_P(Databases, JobReports, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& param) {
                           return param.param == db::Backend::sqlite ? "Sqlite" : "Postgresql";
                         });

}  // namespace
}  // namespace mortise::services
