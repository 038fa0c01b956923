#include "core/services/jobs/jobs.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <thread>

#include "core/base/eventually_testing.hpp"
#include "core/db/database.hpp"
#include "core/services/jobs/job_database_testing.hpp"
#include "core/services/jobs/moment.hpp"
#include "core/services/jobs/moved_clock_testing.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86400 * kSecond;

std::int64_t at(const std::string& time) { return readMoment(time, *TimeZone::utc())->micros; }

class JobsTest : public testing::TestWithParam<db::Backend> {
 protected:
  void SetUp() override {
    std::string url = "sqlite:" + directory_.path() + "/jobs.db";
    if (GetParam() == db::Backend::postgresql) {
      auto* server = peers::Postgres::shared();
      if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
      url = server->newDatabase();
    }
    database_ = openJobDatabase(url);
    jobs_ = engine("one");
  }
  void TearDown() override {
    others_.clear();
    jobs_.reset();
  }

  bool shared() const { return GetParam() == db::Backend::postgresql; }
  std::unique_ptr<Jobs> engine(const std::string& node) { return engine(node, clock_); }
  std::unique_ptr<Jobs> engine(const std::string& node, JobClock& clock) {
    JobsOptions options;
    options.node = node;
    options.shared = shared();
    options.clock = &clock;
    options.workers = 4;
    options.changed = [this] { notice_ = true; };
    options.reported = [this] { ++reported_; };
    return std::make_unique<Jobs>(*database_, options);
  }
  static JobDefinition job(const std::string& id, const std::string& trigger, const std::string& module = "test") {
    return {module, id, id, "does " + id, Trigger::parse(trigger)};
  }
  // Counts runs by their due time.
  Jobs::Function counting() {
    return [this](JobRun& run) {
      const std::lock_guard lock(mutex_);
      ++ran_[run.job() + " " + writeMoment(run.dueAt(), *TimeZone::utc()).substr(11, 8)];
      return std::string("done");
    };
  }
  std::map<std::string, int> ran() {
    const std::lock_guard lock(mutex_);
    return ran_;
  }
  bool becomesRunner(Jobs& jobs) {
    return eventually([&] { return jobs.status().runner; });
  }
  void startAsRunner(Jobs& jobs) {
    jobs.start();
    ASSERT_TRUE(becomesRunner(jobs));
  }
  std::int64_t ended(Jobs& jobs, const std::string& id) {
    std::int64_t total = 0;
    const auto runs = jobs.runs(id, 0, 1000, total);
    return std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run.outcome != "running"; });
  }
  StoredRun newest(Jobs& jobs, const std::string& id) {
    std::int64_t total = 0;
    EXPECT_TRUE(eventually([&] { return ended(jobs, id) > 0; })) << id << " does not end";
    const auto runs = jobs.runs(id, 0, 1, total);
    return runs.empty() ? StoredRun() : runs.front();
  }
  std::int64_t rowsOf(const std::string& table) {
    const db::ColumnType types[] = {db::ColumnType::integer};
    const auto session = database_->lease(db::Access::read);
    const auto rows = session->query("SELECT COUNT(*) FROM " + table, {}, types);
    return rows->next() ? rows->integer(0) : -1;
  }
  // The run of a process that has ended without a word.
  static void leaveRun(JobStore& store, const std::string& id, const std::string& node) {
    StoredRun left;
    left.id = id;
    left.jobId = "test.tick";
    left.node = node;
    left.boot = "of the dead";
    store.startManual(left);
  }
  static std::string shown(const std::optional<std::int64_t>& time) {
    return time ? writeMoment(*time, *TimeZone::utc()).substr(0, 19) : "none";
  }

  peers::TempDirectory directory_{"mortise-jobs"};
  MovedClock clock_{at("2026-01-08T10:00:00.5Z")};
  std::unique_ptr<db::Database> database_;
  std::mutex mutex_;
  std::map<std::string, int> ran_;
  std::atomic<bool> notice_{false};
  std::atomic<int> reported_{0};
  std::unique_ptr<Jobs> jobs_;
  std::vector<std::unique_ptr<Jobs>> others_;
};

TEST_P(JobsTest, RunsWhenTheClockSaysSoAndRecordsIt) {
  jobs_->declare("test", {job("tick", "cron: */5 * * * *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  EXPECT_EQ(shown(jobs_->find("test.tick").nextRun), "2026-01-08T10:05:00");
  clock_.set(at("2026-01-08T10:05:00.25Z"));
  const auto run = newest(*jobs_, "test.tick");
  EXPECT_EQ(run.outcome, "succeeded");
  EXPECT_EQ(run.output, "done\n");
  EXPECT_EQ(run.node, "one");
  EXPECT_EQ(shown(run.dueAt), "2026-01-08T10:05:00");
  EXPECT_EQ(run.startedAt, at("2026-01-08T10:05:00.25Z"));
  const auto stored = jobs_->find("test.tick");
  EXPECT_EQ(shown(stored.nextRun), "2026-01-08T10:10:00");
  EXPECT_EQ(stored.lastRun, at("2026-01-08T10:05:00.25Z"));
  EXPECT_TRUE(stored.declared);
}

// A preview must match the engine: both ask the trigger, but only the engine goes through the database.
TEST_P(JobsTest, FiresAtThePreviewedTimesAcrossAChangeOfTheClock) {
  clock_.set(at("2026-10-31T23:00:00-04:00"));
  auto changing = job("changing", "cron: */30 0-3 * * *");
  changing.trigger = Trigger::parse("cron: */30 0-3 * * *", "America/New_York");
  jobs_->declare("test", {changing});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  std::vector<std::string> previewed;
  std::vector<std::string> planned;
  auto next = changing.trigger.next(clock_.now());
  for (int i = 0; i < 12; ++i, next = changing.trigger.next(*next + 1)) {
    previewed.push_back(changing.trigger.shown(*next));
    const auto stored = jobs_->find("test.changing");
    planned.push_back(changing.trigger.shown(*stored.nextRun));
    clock_.set(*stored.nextRun);
    ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.changing") == i + 1; }));
  }
  EXPECT_EQ(planned, previewed);
  EXPECT_EQ(previewed[2], "2026-11-01T01:00:00-04:00");
  EXPECT_EQ(previewed[4], "2026-11-01T01:00:00-05:00");
}

TEST_P(JobsTest, MissedTimesBecomeOneRunAndOldOnesNone) {
  jobs_->declare("test", {job("minutely", "cron: * * * * *"), job("hourly", "cron: 0 * * * *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  clock_.set(at("2026-01-08T11:30:10Z"));
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.minutely") == 1; }));
  ASSERT_TRUE(eventually([&] { return shown(jobs_->find("test.hourly").nextRun) == "2026-01-08T12:00:00"; }));
  EXPECT_EQ(ran(), (std::map<std::string, int>{{"test.minutely 11:30:00", 1}}));
}

TEST_P(JobsTest, ARestartKeepsTriggersPausesRemovalsAndNextTimes) {
  const std::vector<JobDefinition> declared = {job("edited", "cron: 0 1 * * *"), job("paused", "cron: 0 2 * * *"),
                                               job("removed", "cron: 0 3 * * *"), job("plain", "cron: 0 4 * * *")};
  jobs_->declare("test", declared);
  jobs_->put(job("own", "every: PT7M from 2026-01-08T10:00:01Z"));
  jobs_->changeTrigger("test.edited", Trigger::parse("cron: 0 12 * * *", "Europe/Berlin"));
  jobs_->pause("test.paused");
  EXPECT_TRUE(jobs_->remove("test.removed"));
  EXPECT_FALSE(jobs_->remove("test.removed"));
  jobs_ = engine("one");
  jobs_->declare("test", declared);
  jobs_->put(job("own", "every: PT7M from 2026-01-08T10:00:01Z"));
  EXPECT_EQ(shown(jobs_->find("test.edited").nextRun), "2026-01-08T11:00:00");
  EXPECT_TRUE(jobs_->find("test.paused").paused);
  EXPECT_EQ(jobs_->find("test.paused").nextRun, std::nullopt);
  EXPECT_THROW(jobs_->find("test.removed"), ServiceError);
  EXPECT_EQ(shown(jobs_->find("test.own").nextRun), "2026-01-08T10:00:01");
  EXPECT_FALSE(jobs_->find("test.own").declared);
  // A new version of the module: operators' changes stay, the rest is updated; missing jobs are removed.
  jobs_->declare("test", {job("edited", "cron: 0 5 * * *"), job("paused", "cron: 0 6 * * *")});
  EXPECT_EQ(shown(jobs_->find("test.edited").nextRun), "2026-01-08T11:00:00");
  EXPECT_EQ(shown(jobs_->resume("test.paused").nextRun), "2026-01-09T06:00:00");
  EXPECT_THROW(jobs_->find("test.plain"), ServiceError);
  const auto reloaded = jobs_->reload();
  EXPECT_EQ(reloaded.deleted, (std::vector<std::string>{"test.own", "test.edited", "test.paused"}));
  EXPECT_EQ(reloaded.reloaded, (std::vector<std::string>{"test.edited", "test.paused"}));
  EXPECT_EQ(shown(jobs_->find("test.edited").nextRun), "2026-01-09T05:00:00");
}

TEST_P(JobsTest, ARestartNeitherLosesNorRepeatsARun) {
  const std::vector<JobDefinition> declared = {job("tick", "cron: * * * * *")};
  jobs_->declare("test", declared);
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  clock_.set(at("2026-01-08T10:01:00Z"));
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.tick") == 1; }));
  jobs_->stop(seconds(10));
  clock_.set(at("2026-01-08T10:02:30Z"));
  jobs_ = engine("one");
  jobs_->declare("test", declared);
  jobs_->serve("test", counting());
  jobs_->start();
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.tick") == 2; }));
  EXPECT_EQ(ran(), (std::map<std::string, int>{{"test.tick 10:01:00", 1}, {"test.tick 10:02:00", 1}}));
}

TEST_P(JobsTest, ARunThatDidNotBeginIsGivenBackAtTheStop) {
  jobs_->declare("test", {job("a", "cron: * * * * *"), job("b", "cron: * * * * *"), job("c", "cron: * * * * *"),
                          job("d", "cron: * * * * *"), job("e", "cron: * * * * *"), job("f", "cron: * * * * *")});
  std::atomic<int> begun{0};
  jobs_->serve("test", [&](JobRun& run) {
    ++begun;
    while (!run.cancelled()) std::this_thread::sleep_for(milliseconds(1));
    return std::string();
  });
  startAsRunner(*jobs_);
  clock_.set(at("2026-01-08T10:01:00Z"));
  ASSERT_TRUE(eventually([&] { return begun == 4; }));  // one for each worker; two wait
  EXPECT_TRUE(jobs_->stop(seconds(30)));
  EXPECT_EQ(begun, 4);
  int due = 0;
  jobs_->each([&](const StoredJob& stored) { due += shown(stored.nextRun) == "2026-01-08T10:01:00" ? 1 : 0; });
  EXPECT_EQ(due, 2);
}

TEST_P(JobsTest, OneJobDoesNotOverlapUnlessItMay) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::atomic<int> going{0};
  auto twice = job("twice", "cron: * * * * *");
  twice.rules.maxInstances = 2;
  jobs_->declare("test", {job("once", "cron: * * * * *"), twice});
  jobs_->serve("test", [&](JobRun&) {
    ++going;
    released.wait();
    return std::string();
  });
  startAsRunner(*jobs_);
  for (const auto* time : {"2026-01-08T10:01:00Z", "2026-01-08T10:02:00Z", "2026-01-08T10:03:00Z"}) {
    clock_.set(at(time));
    const auto next = shown(at(time) + 60 * kSecond);
    ASSERT_TRUE(eventually([&] {
      return shown(jobs_->find("test.once").nextRun) == next && shown(jobs_->find("test.twice").nextRun) == next;
    }));
  }
  ASSERT_TRUE(eventually([&] { return going == 3; }));
  EXPECT_EQ(jobs_->find("test.once").running, 1);
  EXPECT_EQ(jobs_->find("test.twice").running, 2);
  release.set_value();
  EXPECT_TRUE(eventually([&] { return ended(*jobs_, "test.twice") == 2 && ended(*jobs_, "test.once") == 1; }));
}

TEST_P(JobsTest, AManualRunGoesBesideTheScheduleAndKnowsWhoAsked) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  jobs_->declare("test", {job("tick", "cron: 0 0 1 1 *")});
  jobs_->serve("test", [&](JobRun& run) {
    run.progress(40, "almost");
    released.wait();
    return std::to_string(run.createdBy()) + (run.manual() ? " by hand" : "");
  });
  startAsRunner(*jobs_);
  jobs_->pause("test.tick");
  const auto first = jobs_->runNow("test.tick", 7, true);
  jobs_->runNow("test.tick", 8, true);
  EXPECT_THROW(jobs_->runNow("test.tick", 0, false), ServiceError);
  EXPECT_THROW(jobs_->runNow("test.none", 0, true), ServiceError);
  EXPECT_TRUE(eventually([&] { return jobs_->run(first)->percent == 40; }));
  EXPECT_EQ(jobs_->run(first)->progress, "almost");
  release.set_value();
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.tick") == 2; }));
  const auto run = *jobs_->run(first);
  EXPECT_EQ(run.output, "7 by hand\n");
  EXPECT_TRUE(run.manual);
  EXPECT_EQ(run.createdBy, 7);
  EXPECT_EQ(jobs_->find("test.tick").nextRun, std::nullopt);
}

TEST_P(JobsTest, CancelAndTheTimeLimitAskARunToStop) {
  auto limited = job("limited", "cron: 0 0 1 1 *");
  limited.rules.timeLimitSeconds = 60;
  jobs_->declare("test", {job("endless", "cron: 0 0 1 1 *"), limited});
  jobs_->serve("test", [&](JobRun& run) -> std::string {
    while (!run.cancelled()) std::this_thread::sleep_for(milliseconds(1));
    throw std::runtime_error("gave up");
  });
  startAsRunner(*jobs_);
  const auto run = jobs_->runNow("test.endless", 0, true);
  jobs_->runNow("test.limited", 0, true);
  EXPECT_TRUE(jobs_->cancel(run));
  EXPECT_EQ(newest(*jobs_, "test.endless").outcome, "cancelled");
  EXPECT_EQ(newest(*jobs_, "test.endless").error, "gave up");
  EXPECT_TRUE(eventually([&] { return !jobs_->cancel(run); }));
  EXPECT_EQ(ended(*jobs_, "test.limited"), 0);
  // The limit counts from the start of the run, which may be after this line.
  EXPECT_TRUE(eventually([&] {
    clock_.advance(61 * kSecond);
    return ended(*jobs_, "test.limited") == 1;
  }));
  EXPECT_EQ(newest(*jobs_, "test.limited").outcome, "timed_out");
}

TEST_P(JobsTest, KeepsTheTailOfTheOutputAndWhatBroke) {
  jobs_->declare("test", {job("chatty", "cron: 0 0 1 1 *")});
  jobs_->serve("test", [&](JobRun& run) -> std::string {
    for (int i = 0; i < 20000; ++i) run.output("line " + std::to_string(i));
    run.output(std::string("bytes \xff and \0 nul", 16));
    throw 7;
  });
  jobs_->start();
  jobs_->runNow("test.chatty", 0, true);
  const auto run = newest(*jobs_, "test.chatty");
  EXPECT_EQ(run.outcome, "failed");
  EXPECT_EQ(run.error, "the job threw something that is no exception");
  EXPECT_LE(run.output.size(), JobRun::kMaxOutput);
  EXPECT_GT(run.output.size(), JobRun::kMaxOutput - 100);
  EXPECT_TRUE(run.output.ends_with("bytes ? and ? nu\n")) << run.output.substr(run.output.size() - 40);
}

TEST_P(JobsTest, AJobThatRunsOnceIsGoneAfterwards) {
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  jobs_->put(job("once", "at: 2026-01-08T10:10:00Z"));
  jobs_->put(job("past", "at: 2020-01-01"));
  clock_.set(at("2026-01-08T10:10:00Z"));
  EXPECT_TRUE(eventually([&] { return !jobs_->exists("test.once"); }));
  EXPECT_EQ(newest(*jobs_, "test.once").outcome, "succeeded");
  EXPECT_EQ(jobs_->find("test.past").nextRun, std::nullopt);
}

TEST_P(JobsTest, JobsWaitWhileTheirModuleIsNotLoaded) {
  jobs_->put(job("own", "cron: * * * * *"));
  startAsRunner(*jobs_);
  clock_.set(at("2026-01-08T10:01:00Z"));
  EXPECT_FALSE(jobs_->loaded("test"));
  EXPECT_EQ(shown(jobs_->find("test.own").nextRun), "2026-01-08T10:01:00");
  jobs_->serve("test", counting());
  EXPECT_TRUE(eventually([&] { return ended(*jobs_, "test.own") == 1; }));
  jobs_->withdraw("test");
  EXPECT_THROW(jobs_->runNow("test.own", 0, true), ServiceError);
}

TEST_P(JobsTest, SwitchedOffItStartsNothingAndGivesTheLeaseAway) {
  jobs_->declare("test", {job("tick", "cron: * * * * *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  jobs_->enable(false);
  EXPECT_EQ(jobs_->status().runnerNode, "");
  clock_.set(at("2026-01-08T10:01:00Z"));
  EXPECT_THROW(jobs_->runNow("test.tick", 0, true), ServiceError);
  EXPECT_EQ(jobs_->pause("test.tick").nextRun, std::nullopt);
  jobs_->resume("test.tick");
  jobs_->enable(true);
  ASSERT_TRUE(becomesRunner(*jobs_));
  EXPECT_TRUE(eventually([&] { return ended(*jobs_, "test.tick") == 1; }));
}

TEST_P(JobsTest, AClockThatIsSetBackHoldsUpNoJob) {
  jobs_->declare("test", {job("minutely", "cron: * * * * *"), job("often", "every: PT10S"),
                          job("daily", "cron: 0 4 * * *"), job("paused", "cron: * * * * *")});
  jobs_->put(job("once", "at: 2026-01-08T10:10:00Z"));
  jobs_->pause("test.paused");
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  clock_.set(at("2026-01-08T10:01:00Z"));
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.minutely") == 1 && ended(*jobs_, "test.often") == 1; }));
  clock_.correct(-3600 * kSecond);
  EXPECT_TRUE(eventually([&] {
    return shown(jobs_->find("test.minutely").nextRun) == "2026-01-08T09:02:00" || ended(*jobs_, "test.minutely") == 2;
  })) << shown(jobs_->find("test.minutely").nextRun);
  clock_.advance(60 * kSecond);  // 09:02
  EXPECT_TRUE(eventually([&] { return ended(*jobs_, "test.minutely") >= 2 && ended(*jobs_, "test.often") >= 2; }));
  EXPECT_TRUE(eventually([&] { return shown(jobs_->find("test.minutely").nextRun) == "2026-01-08T09:03:00"; }));
  EXPECT_TRUE(eventually([&] { return shown(jobs_->find("test.often").nextRun) == "2026-01-08T09:02:10"; }));
  EXPECT_EQ(shown(jobs_->find("test.daily").nextRun), "2026-01-09T04:00:00");
  EXPECT_EQ(shown(jobs_->find("test.once").nextRun), "2026-01-08T10:10:00");
  EXPECT_EQ(jobs_->find("test.paused").nextRun, std::nullopt);
  clock_.correct(-kDay);
  EXPECT_TRUE(eventually([&] { return shown(jobs_->find("test.daily").nextRun) == "2026-01-08T04:00:00"; }));
}

TEST_P(JobsTest, DueTimesOfAClockThatWasAheadAreReckonedAnewAtTheStart) {
  clock_.set(at("2031-05-05T12:00:30Z"));  // a machine whose clock had not been set yet
  jobs_->declare("test", {job("ran", "cron: * * * * *"), job("never", "cron: 0 * * * *"), job("far", "every: P1D")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  clock_.set(at("2031-05-05T12:01:00Z"));
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.ran") == 1; }));
  jobs_.reset();
  clock_.correct(at("2026-01-08T10:00:30Z") - clock_.now());
  auto& next = *others_.emplace_back(engine("one"));
  next.declare("test", {job("ran", "cron: * * * * *"), job("never", "cron: 0 * * * *"), job("far", "every: P1D")});
  next.serve("test", counting());
  startAsRunner(next);
  EXPECT_TRUE(eventually([&] { return shown(next.find("test.ran").nextRun) == "2026-01-08T10:01:00"; }));
  EXPECT_TRUE(eventually([&] { return shown(next.find("test.never").nextRun) == "2026-01-08T11:00:00"; }));
  EXPECT_TRUE(eventually([&] { return shown(next.find("test.far").nextRun) == "2026-01-09T00:00:00"; }));
  clock_.advance(30 * kSecond);
  EXPECT_TRUE(eventually([&] { return ended(next, "test.ran") == 2; }));
}

// The night in which New York's clocks go back (06:00 UTC) and the one in which they go forward (07:00 UTC).
TEST_P(JobsTest, AClockThatIsSetBackOverAChangeOfSummerTimeHoldsUpNoJob) {
  struct Case {
    const char* now;
    std::int64_t back;  // seconds
    const char* trigger;
    const char* next;
  };
  int number = 0;
  for (const auto& one :
       {Case{"2026-11-01T07:20:00Z", 3600, "30 1 * * *", "2026-11-01T06:30:00"},     // into the second pass
        Case{"2026-11-01T07:20:00Z", 7200, "30 1 * * *", "2026-11-01T05:30:00"},     // into the first
        Case{"2026-11-01T06:45:00Z", 3600, "15 1 * * *", "2026-11-01T06:15:00"},     // from one into the other
        Case{"2026-11-01T12:00:00Z", 86400, "0 3 * * *", "2026-11-01T08:00:00"},     // a day of 25 hours
        Case{"2026-03-08T08:00:00Z", 3600, "30 2 * * *", "2026-03-08T07:30:00"},     // the hour that is left out
        Case{"2026-03-08T12:00:00Z", 86400, "0 3 * * *", "2026-03-08T07:00:00"}}) {  // a day of 23 hours
    const auto id = "job" + std::to_string(++number);
    MovedClock clock(at(one.now));
    auto jobs = engine("one", clock);
    auto definition = job(id, "cron: 0 0 1 1 *");
    definition.trigger = Trigger::parse(std::string("cron: ") + one.trigger, "America/New_York");
    jobs->put(definition);
    jobs->serve("test", counting());
    startAsRunner(*jobs);
    clock.correct(-one.back * kSecond);
    EXPECT_TRUE(eventually([&] { return shown(jobs->find("test." + id).nextRun) == one.next; }))
        << one.now << " " << one.trigger << ": " << shown(jobs->find("test." + id).nextRun);
    EXPECT_TRUE(jobs->stop(seconds(10)));
    jobs_->remove("test." + id);
  }
}

TEST_P(JobsTest, ASmallStepBackRepeatsNoRun) {
  jobs_->declare("test", {job("minutely", "cron: * * * * *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  clock_.set(at("2026-01-08T10:01:00Z"));
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.minutely") == 1; }));
  clock_.correct(-5 * kSecond);
  std::this_thread::sleep_for(milliseconds(50));
  clock_.advance(10 * kSecond);  // 10:01:05 again
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(shown(jobs_->find("test.minutely").nextRun), "2026-01-08T10:02:00");
  clock_.set(at("2026-01-08T10:02:00Z"));
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.minutely") == 2; }));
  EXPECT_EQ(ran()["test.minutely 10:01:00"], 1);
}

TEST_P(JobsTest, OldRecordsArePurged) {
  jobs_->declare("test", {job("tick", "cron: * * * * *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  for (int i = 1; i <= 3; ++i) {
    clock_.set(at("2026-01-08T10:0" + std::to_string(i) + ":00Z"));
    ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.tick") == i; }));
  }
  EXPECT_EQ(jobs_->purge(at("2026-01-08T10:02:30Z")), 2);
  EXPECT_EQ(ended(*jobs_, "test.tick"), 1);
}

JobReport reportOn(const std::string& target, JobReport::State state = JobReport::State::done) {
  JobReport report;
  report.target = target;
  report.state = state;
  return report;
}

TEST_P(JobsTest, ReportsAreThereWhileTheRunGoesOnAndEndWithIt) {
  std::promise<void> begun;
  std::promise<void> goOn;
  jobs_->declare("test", {job("clean", "cron: 0 0 1 1 *"), job("silent", "cron: 0 0 1 1 *")});
  jobs_->serve("test", [&](JobRun& run) {
    if (run.job() == "test.silent") return std::string();
    run.report(reportOn("a", JobReport::State::running));
    run.report(reportOn("b", JobReport::State::pending));
    begun.set_value();
    goOn.get_future().wait();
    auto failed = reportOn("a");
    failed.synced = 3;
    failed.failure = std::string("no\0route", 8);
    failed.details = R"({"version":1})";
    run.report(failed);
    return std::string();
  });
  startAsRunner(*jobs_);
  jobs_->runNow("test.silent", 0, true);
  const auto id = jobs_->runNow("test.clean", 7, true);
  begun.get_future().wait();

  const auto during = jobs_->reportedSince(0, 10);
  ASSERT_EQ(during.size(), 1U) << "a run without reports is not among them";
  EXPECT_EQ(during[0].run.id, id);
  EXPECT_EQ(during[0].run.createdBy, 7);
  EXPECT_EQ(during[0].run.outcome, "running");
  ASSERT_EQ(during[0].reports.size(), 2U);
  EXPECT_EQ(during[0].reports[0].target, "a");
  EXPECT_EQ(during[0].reports[0].state, JobReport::State::running);
  EXPECT_GT(during[0].reports[0].startedAt, 0);
  EXPECT_EQ(during[0].reports[0].endedAt, 0);
  EXPECT_EQ(during[0].reports[1].number, 2);
  EXPECT_EQ(during[0].reports[1].startedAt, 0);
  EXPECT_TRUE(during[0].isLatest());
  const auto revision = during[0].revision;
  EXPECT_TRUE(jobs_->reportedSince(revision, 10).empty());

  goOn.set_value();
  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.clean") == 1; }));
  const auto after = jobs_->reportedSince(revision, 10);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].run.outcome, "succeeded");
  ASSERT_EQ(after[0].reports.size(), 1U) << "what did not change is not told again";
  EXPECT_EQ(after[0].reports[0].number, 1);
  EXPECT_EQ(after[0].reports[0].synced, 3);
  EXPECT_EQ(after[0].reports[0].failure, "no?route");
  EXPECT_EQ(after[0].reports[0].details, R"({"version":1})");
  EXPECT_EQ(after[0].reports[0].startedAt, during[0].reports[0].startedAt) << "once it began it has begun";
  EXPECT_GT(after[0].reports[0].endedAt, 0);
  EXPECT_GE(reported_.load(), 2);

  ASSERT_TRUE(eventually([&] { return ended(*jobs_, "test.silent") == 1; }));
  EXPECT_EQ(jobs_->reportedSince(0, 10)[0].reports.size(), 2U) << "each as it is now";
  jobs_->purge(clock_.now() + kSecond);
  EXPECT_TRUE(jobs_->reportedSince(0, 10).empty());
  EXPECT_EQ(rowsOf("mortise_job_reports"), 0) << "they go with the record of the run";
}

TEST_P(JobsTest, ReportsThatBreakARuleAreRefused) {
  JobRun run(StoredRun(), "");
  EXPECT_THROW(run.report(reportOn("")), ServiceError);
  EXPECT_THROW(run.report(reportOn(std::string(256, 'x'))), ServiceError);
  auto negative = reportOn("a");
  negative.deleted = -1;
  EXPECT_THROW(run.report(negative), ServiceError);
  for (const auto& details : {std::string("[]"), std::string("{"), "{\"a\":\"" + std::string(65536, 'x') + "\"}"}) {
    auto report = reportOn("a");
    report.details = details;
    EXPECT_THROW(run.report(report), ServiceError) << details.substr(0, 10);
  }
  EXPECT_TRUE(run.takeReports().empty());
}

TEST_P(JobsTest, ReportsThatCouldNotBeStoredComeAgainUnlessNewerOnesDid) {
  JobRun run(StoredRun(), "");
  run.report(reportOn("a", JobReport::State::running));
  run.report(reportOn("b", JobReport::State::pending));
  auto taken = run.takeReports();
  run.report(reportOn("a"));
  run.returnReports(std::move(taken));
  const auto again = run.takeReports();
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].state, JobReport::State::done);
  EXPECT_GT(again[0].startedAt, 0);
  EXPECT_EQ(again[1].state, JobReport::State::pending);
}

TEST_P(JobsTest, ReportsOfRunsThatWereLostAreAnnounced) {
  JobStore store(*database_);
  leaveRun(store, "silent", "one");
  jobs_->start();
  EXPECT_EQ(reported_.load(), 0) << "nobody waits for news of a run without reports";
  jobs_ = engine("one");
  leaveRun(store, "reported", "one");
  auto report = reportOn("a", JobReport::State::running);
  report.number = 1;
  store.report({{"reported", {report}}});
  jobs_->start();
  EXPECT_EQ(reported_.load(), 1);
  EXPECT_EQ(jobs_->reportedSince(0, 10).at(0).run.outcome, "lost");
}

INSTANTIATE_TEST_SUITE_P(Databases, JobsTest, testing::Values(db::Backend::sqlite, db::Backend::postgresql),
                         [](const auto& param) {
                           return param.param == db::Backend::sqlite ? "Sqlite" : "Postgresql";
                         });

// Two servers on one database.
class JobsCluster : public JobsTest {};

TEST_P(JobsCluster, AnotherServerTakesOverWhenTheRunnerFallsSilent) {
  others_.push_back(engine("two"));
  auto& two = *others_.back();
  for (auto* jobs : {jobs_.get(), &two}) {
    jobs->declare("test", {job("tick", "cron: * * * * *")});
    jobs->serve("test", counting());
  }
  two.start();
  ASSERT_TRUE(becomesRunner(two));
  const auto epoch = two.status().epoch;
  // A stopped server releases its lease; a crashed one leaves the row unchanged.
  two.stop(seconds(10));
  JobStore store(*database_);
  ASSERT_TRUE(store.takeOver(store.runner(), "dead"));
  leaveRun(store, "run-of-the-dead", "dead");
  auto report = reportOn("a", JobReport::State::running);
  report.number = 1;
  store.report({{"run-of-the-dead", {report}}});
  jobs_->start();
  EXPECT_FALSE(jobs_->status().runner);
  EXPECT_TRUE(eventually([&] {
    clock_.advance(kSecond);
    return jobs_->status().runner;
  }));
  EXPECT_GT(jobs_->status().epoch, epoch + 1);
  EXPECT_EQ(jobs_->run("run-of-the-dead")->outcome, "lost");
  EXPECT_EQ(reported_.load(), 1);
  EXPECT_TRUE(eventually([&] {
    clock_.advance(kSecond);
    return ended(*jobs_, "test.tick") >= 1;
  }));
}

TEST_P(JobsCluster, AStaleHolderStartsNothing) {
  jobs_->declare("test", {job("tick", "cron: * * * * *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  JobStore store(*database_);
  const auto seen = store.runner();
  std::vector<Claim> claims(1);
  claims[0].jobId = "test.tick";
  claims[0].due = *jobs_->find("test.tick").nextRun;
  claims[0].next = claims[0].due + 60 * kSecond;
  store.claim(claims, "one", seen.epoch - 1);
  EXPECT_FALSE(claims[0].claimed);
  store.claim(claims, "two", seen.epoch);
  EXPECT_FALSE(claims[0].claimed);
  store.claim(claims, "one", seen.epoch);
  EXPECT_TRUE(claims[0].claimed);
  store.claim(claims, "one", seen.epoch);  // the same time again
  EXPECT_FALSE(claims[0].claimed);
}

TEST_P(JobsCluster, ChangesOnOneServerReachTheRunner) {
  jobs_->declare("test", {job("tick", "cron: 0 0 1 1 *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  others_.push_back(engine("two"));
  auto& two = *others_.back();
  two.start();
  two.changeTrigger("test.tick", Trigger::parse("cron: 3 0 10 * * *"));
  two.put(job("own", "cron: 3 0 10 * * *"));
  EXPECT_TRUE(notice_);
  EXPECT_THROW(two.runNow("test.tick", 0, true), ServiceError);  // its module is not loaded there
  jobs_->noticeChanges();
  // Less than a lease: the other server must not consider this one silent.
  clock_.set(at("2026-01-08T10:00:03Z"));
  EXPECT_TRUE(eventually([&] { return ended(two, "test.tick") == 1 && ended(two, "test.own") == 1; }));
  EXPECT_FALSE(two.status().runner);
  EXPECT_EQ(two.status().runnerNode, "one");
}

TEST_P(JobsCluster, ADueTimeOfAServerWhoseClockIsAheadIsReckonedAnew) {
  jobs_->declare("test", {job("tick", "cron: 0 0 1 1 *")});
  jobs_->serve("test", counting());
  startAsRunner(*jobs_);
  for (const auto ahead : {3600 * kSecond, kDay, 400 * kDay}) {
    MovedClock clock(clock_.now() + ahead);
    const auto two = engine("two", clock);
    two->changeTrigger("test.tick", Trigger::parse("cron: */7 * * * *"));
    two->put(job("own", "cron: */7 * * * *"));
    jobs_->noticeChanges();
    for (const auto* id : {"test.tick", "test.own"})
      EXPECT_TRUE(eventually([&] { return shown(jobs_->find(id).nextRun) == "2026-01-08T10:07:00"; })) << id;
    two->changeTrigger("test.tick", Trigger::parse("cron: 0 0 1 1 *"));
    two->remove("test.own");
  }
}

TEST_P(JobsCluster, ARunIsCancelledFromAnotherServer) {
  jobs_->declare("test", {job("endless", "cron: 0 0 1 1 *")});
  jobs_->serve("test", [&](JobRun& run) {
    while (!run.cancelled()) std::this_thread::sleep_for(milliseconds(1));
    return std::string();
  });
  startAsRunner(*jobs_);
  others_.push_back(engine("two"));
  const auto run = jobs_->runNow("test.endless", 0, true);
  EXPECT_TRUE(others_.back()->cancel(run));
  EXPECT_TRUE(eventually([&] {
    clock_.advance(kSecond);
    return jobs_->run(run)->outcome == "cancelled";
  }));
}

INSTANTIATE_TEST_SUITE_P(Databases, JobsCluster, testing::Values(db::Backend::postgresql),
                         [](const auto&) { return "Postgresql"; });

}  // namespace
}  // namespace mortise::services
