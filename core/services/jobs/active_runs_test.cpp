#include "core/services/jobs/active_runs.hpp"

#include <gtest/gtest.h>

namespace mortise::services {
namespace {

ActiveRun runOf(const std::string& id, const std::string& job, bool manual = false) {
  StoredRun record;
  record.id = id;
  record.jobId = job;
  record.manual = manual;
  ActiveRun active;
  active.run = std::make_shared<JobRun>(record, "");
  return active;
}

TEST(ActiveRuns, AClaimedRunWaitsUntilAWorkerBeginsIt) {
  ActiveRuns runs;
  runs.add(runOf("1", "m.a"));
  runs.add(runOf("2", "m.a"));
  runs.add(runOf("3", "m.a", true));
  EXPECT_EQ(runs.waiting(), 2U);
  EXPECT_EQ(runs.clockRunsOfJob("m.a"), 2U);
  runs.begin(*runs.find("1"), 0);
  runs.begin(*runs.find("3"), 0);
  EXPECT_EQ(runs.waiting(), 1U);
  EXPECT_TRUE(runs.remove("2"));
  EXPECT_EQ(runs.waiting(), 0U);
  EXPECT_FALSE(runs.remove("2"));
  EXPECT_TRUE(runs.remove("1"));
  EXPECT_TRUE(runs.remove("3"));
  EXPECT_EQ(runs.waiting(), 0U);
  EXPECT_TRUE(runs.empty());
}

TEST(ActiveRuns, ATimeLimitComesUpOnceAndGoesWithItsRun) {
  ActiveRuns runs;
  for (const auto* id : {"1", "2", "3"}) {
    auto run = runOf(id, "m.a");
    run.timeLimit = 10;
    runs.add(std::move(run));
  }
  EXPECT_EQ(runs.nextLimit(), std::nullopt);  // it counts from the start of the run
  runs.begin(*runs.find("1"), 100);
  runs.begin(*runs.find("2"), 100);
  runs.begin(*runs.find("3"), 105);
  EXPECT_EQ(runs.nextLimit(), 110);
  runs.remove("1");
  EXPECT_TRUE(runs.takeOverdue(109).empty());
  const auto overdue = runs.takeOverdue(110);
  ASSERT_EQ(overdue.size(), 1U);
  EXPECT_EQ(overdue[0]->id(), "2");
  EXPECT_TRUE(runs.takeOverdue(110).empty());
  EXPECT_EQ(runs.nextLimit(), 115);
}

TEST(ActiveRuns, OnlyTheRunsThatAreMeantAreAskedToStop) {
  ActiveRuns runs;
  auto other = runOf("2", "n.b");
  other.module = 1;
  runs.add(runOf("1", "m.a"));
  runs.add(std::move(other));
  runs.add(runOf("3", "m.c", true));
  const auto stopped = [&] {
    std::string ids;
    for (const auto* id : {"1", "2", "3"}) ids += runs.find(id)->run->cancelled() ? id : "";
    return ids;
  };
  EXPECT_FALSE(runs.stop("9"));
  runs.stopJob("m.none");
  EXPECT_EQ(stopped(), "");
  runs.stopModule(1);
  EXPECT_EQ(stopped(), "2");
  runs.stopClockRuns();
  EXPECT_EQ(stopped(), "12");
  runs.stopJob("m.c");
  EXPECT_EQ(stopped(), "123");
  EXPECT_TRUE(runs.anyOfModule(1));
  runs.remove("2");
  EXPECT_FALSE(runs.anyOfModule(1));
}

}  // namespace
}  // namespace mortise::services
