#include "core/services/jobs/job_plan.hpp"

#include <gtest/gtest.h>

namespace mortise::services {
namespace {

constexpr std::int64_t kMinute = 60'000'000;

class JobPlanTest : public testing::Test {
 protected:
  StoredJob job(const std::string& id) const {
    StoredJob stored;
    stored.id = "m." + id;
    stored.module = "m";
    stored.trigger = Trigger::parse("cron: * * * * *");
    stored.nextRun = kMinute;
    return stored;
  }
  void load() {
    plan_.setFunction(plan_.moduleNumber("m"),
                      std::make_shared<const JobFunction>([](JobRun&) { return std::string(); }));
  }

  JobMetrics metrics_{nullptr};
  JobPlan plan_{metrics_};
};

TEST_F(JobPlanTest, JobsWaitUntilTheirModuleIsLoaded) {
  plan_.put(job("a"));
  EXPECT_FALSE(plan_.loaded("m"));
  EXPECT_EQ(plan_.nextWake(), std::nullopt);
  EXPECT_TRUE(plan_.takeDue(kMinute, 10).empty());
  load();
  EXPECT_TRUE(plan_.loaded("m"));
  EXPECT_EQ(plan_.nextWake(), kMinute);
  plan_.setFunction(plan_.moduleNumber("m"), nullptr);
  EXPECT_EQ(plan_.nextWake(), std::nullopt);
  EXPECT_EQ(plan_.size(), 1U);
}

TEST_F(JobPlanTest, AJobIsSetAsideUntilItsClaimIsOver) {
  load();
  plan_.put(job("a"));
  auto claims = plan_.takeDue(kMinute, 10);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].run->dueAt, kMinute);
  EXPECT_EQ(claims[0].next, 2 * kMinute);
  EXPECT_TRUE(plan_.takeDue(5 * kMinute, 10).empty());
  plan_.settle(claims[0]);  // the database refused the claim: still due
  EXPECT_EQ(plan_.nextWake(), kMinute);
  claims = plan_.takeDue(kMinute, 10);
  claims[0].claimed = true;
  EXPECT_NE(plan_.settle(claims[0]), nullptr);
  EXPECT_EQ(plan_.nextWake(), 2 * kMinute);
  claims = plan_.takeDue(2 * kMinute, 10);
  plan_.remove("m.a");
  EXPECT_EQ(plan_.settle(claims[0]), nullptr);
}

TEST_F(JobPlanTest, NoMoreRunsAreTakenThanThereIsRoomFor) {
  load();
  for (const auto* id : {"a", "b", "c"}) plan_.put(job(id));
  EXPECT_EQ(plan_.takeDue(kMinute, 2).size(), 2U);
  EXPECT_EQ(plan_.takeDue(kMinute, 2).size(), 1U);
}

TEST_F(JobPlanTest, AJobThatRunsAlreadyLeavesItsTimeOut) {
  load();
  plan_.put(job("a"));
  plan_.setRunning("m.a", 1);
  auto claims = plan_.takeDue(kMinute, 10);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_FALSE(claims[0].run);
  claims[0].claimed = true;
  plan_.settle(claims[0]);
  plan_.runEnded("m.a");
  EXPECT_TRUE(plan_.takeDue(2 * kMinute, 10)[0].run);
}

TEST_F(JobPlanTest, AJobWhoseTriggerCantBeReadIsLeftOut) {
  load();
  auto unreadable = job("a");
  unreadable.trigger = Trigger::stored("cron: * * * * *", "Mars/Olympus");
  plan_.put(job("a"));
  plan_.put(unreadable);
  EXPECT_EQ(plan_.size(), 0U);
}

TEST_F(JobPlanTest, OnlyTimesBeyondTheTriggersNextOneAreMoved) {
  load();
  auto beyond = job("beyond");
  beyond.nextRun = 60 * kMinute;
  plan_.put(beyond);
  plan_.put(job("right"));
  auto once = job("once");
  once.trigger = Trigger::parse("at: 1970-01-01T01:00:00Z");
  once.nextRun = 60 * kMinute;
  plan_.put(once);
  auto paused = beyond;
  paused.id = "m.paused";
  paused.paused = true;
  plan_.put(paused);
  EXPECT_TRUE(plan_.hasTimesToCheck());
  auto claims = plan_.takeBeyond(kMinute / 2);
  EXPECT_FALSE(plan_.hasTimesToCheck());
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].jobId, "m.beyond");
  EXPECT_EQ(claims[0].due, 60 * kMinute);
  EXPECT_EQ(claims[0].next, kMinute);
  EXPECT_FALSE(claims[0].run);
  plan_.checkTimesBeyond(kMinute / 2);
  EXPECT_TRUE(plan_.takeBeyond(kMinute / 2).empty()) << "it is set aside";
  claims[0].claimed = true;
  plan_.settle(claims[0]);
  plan_.checkTimesBeyond(kMinute / 2);
  EXPECT_TRUE(plan_.takeBeyond(kMinute / 2).empty());
  EXPECT_EQ(plan_.takeDue(kMinute, 10).size(), 2U);
}

TEST_F(JobPlanTest, ATimeIsCheckedOnceUnlessTheClockIsSetBackOrTheJobChanges) {
  load();
  plan_.put(job("a"));
  EXPECT_TRUE(plan_.takeBeyond(kMinute / 2).empty());
  EXPECT_FALSE(plan_.hasTimesToCheck());
  plan_.checkTimesBeyond(kMinute / 2);
  EXPECT_TRUE(plan_.hasTimesToCheck());
  EXPECT_TRUE(plan_.takeBeyond(kMinute / 2).empty());
  auto ahead = job("a");
  ahead.nextRun = 60 * kMinute;  // by a server whose clock is ahead
  plan_.put(ahead);
  EXPECT_EQ(plan_.takeBeyond(kMinute / 2).size(), 1U);
}

TEST_F(JobPlanTest, ManyTimesAreCheckedAFewAtOnce) {
  load();
  constexpr std::size_t kJobs = 2 * JobPlan::kAtOnce + 7;
  for (std::size_t i = 0; i < kJobs; ++i) {
    auto beyond = job("job" + std::to_string(i));
    beyond.nextRun = 60 * kMinute;
    plan_.put(beyond);
  }
  plan_.checkTimesBeyond(kMinute / 2);
  plan_.remove("m.job3");  // meanwhile
  std::size_t moved = 0;
  while (plan_.hasTimesToCheck()) {
    auto claims = plan_.takeBeyond(kMinute / 2);
    EXPECT_LE(claims.size(), JobPlan::kAtOnce);
    for (auto& claim : claims) {
      ++moved;
      claim.claimed = true;
      plan_.settle(claim);
    }
  }
  EXPECT_EQ(moved, kJobs - 1);
  EXPECT_EQ(plan_.nextWake(), kMinute);
  plan_.checkTimesBeyond(kMinute / 2);
  plan_.clear();
  EXPECT_FALSE(plan_.hasTimesToCheck());
}

TEST_F(JobPlanTest, ManyMissedTimesAreLeftOutAFewAtOnce) {
  load();
  for (std::size_t i = 0; i < JobPlan::kAtOnce + 7; ++i) {
    auto missed = job("job" + std::to_string(i));
    missed.rules.misfireGraceSeconds = 0;
    missed.nextRun = kMinute - 1;
    plan_.put(missed);
  }
  EXPECT_EQ(plan_.takeDue(90 * kMinute + 1, 10).size(), JobPlan::kAtOnce) << "none of them runs, so there is room";
  EXPECT_EQ(plan_.takeDue(90 * kMinute + 1, 10).size(), 7U);
}

}  // namespace
}  // namespace mortise::services
