#include "core/services/jobs/jobs.hpp"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "core/base/worker_pool.hpp"

namespace mortise::services {
namespace {

using Outcome = JobResult::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

class JobsTest : public testing::Test {
 protected:
  static Trigger never() { return Trigger::parse("at: 1971-01-01T00:00:00Z"); }
  // The newest result once it is over.
  JobResult finished(Jobs& jobs, const std::string& id) {
    for (int i = 0; i < 1000; ++i) {
      const auto history = jobs.history(id);
      if (!history.empty() && history.front().outcome != Outcome::running) return history.front();
      std::this_thread::sleep_for(milliseconds(10));
    }
    ADD_FAILURE() << id << " does not finish";
    return {};
  }
  WorkerPool pool_{"jobs-test", 2, 100, [](std::exception_ptr) { ADD_FAILURE() << "a run let an exception out"; }};
  Jobs jobs_{[this](std::function<void()> task) { return pool_.post(std::move(task)); }, 3};
};

TEST_F(JobsTest, RunsWhenDue) {
  jobs_.add("test.tick", Trigger::parse("every: PT1S"),
            [](JobRun& run) { return run.manual() ? "by hand" : "on time"; });
  jobs_.start();
  const JobResult result = finished(jobs_, "test.tick");
  EXPECT_EQ(result.outcome, Outcome::succeeded);
  EXPECT_EQ(result.text, "on time");
  EXPECT_GE(result.finishedAt, result.startedAt);
  EXPECT_TRUE(jobs_.list().at(0).nextRun);
}

TEST_F(JobsTest, KeepsWhatARunReturnedOrThrew) {
  jobs_.add("test.good", never(), [](JobRun&) { return std::string("7 rows"); });
  jobs_.add("test.bad", never(), [](JobRun&) -> std::string { throw std::runtime_error("disk gone"); });
  jobs_.add("test.odd", never(), [](JobRun&) -> std::string { throw 7; });
  const std::string id = jobs_.runNow("test.good");
  jobs_.runNow("test.bad");
  jobs_.runNow("test.odd");
  EXPECT_EQ(finished(jobs_, "test.good").text, "7 rows");
  EXPECT_EQ(finished(jobs_, "test.good").runId, id);
  EXPECT_TRUE(finished(jobs_, "test.good").manual);
  EXPECT_EQ(finished(jobs_, "test.bad").outcome, Outcome::failed);
  EXPECT_EQ(finished(jobs_, "test.bad").text, "disk gone");
  EXPECT_EQ(finished(jobs_, "test.odd").outcome, Outcome::failed);
  EXPECT_THROW(jobs_.runNow("test.none"), ServiceError);
  EXPECT_THROW(jobs_.add("test.good", never(), {}), ServiceError);
}

TEST_F(JobsTest, NeverRunsOneJobTwiceAtOnceAndCancelsByFlag) {
  std::promise<void> started;
  jobs_.add("test.long", Trigger::parse("every: PT1S"), [&, first = true](JobRun& run) mutable {
    if (first) started.set_value();
    first = false;
    while (!run.cancelled()) std::this_thread::sleep_for(milliseconds(5));
    return std::string("stopped");
  });
  const std::string id = jobs_.runNow("test.long");
  started.get_future().wait();
  jobs_.start();
  EXPECT_THROW(jobs_.runNow("test.long"), ServiceError);
  std::this_thread::sleep_for(milliseconds(1100));  // a due time falls into the run
  EXPECT_EQ(jobs_.history("test.long").size(), 1u);
  jobs_.pause("test.long", true);
  EXPECT_TRUE(jobs_.cancel(id));
  EXPECT_EQ(finished(jobs_, "test.long").outcome, Outcome::cancelled);
  EXPECT_FALSE(jobs_.cancel(id));
}

TEST_F(JobsTest, RemovalWaitsForTheRun) {
  std::atomic<bool> over{false};
  std::promise<void> started;
  jobs_.add("test.long", never(), [&](JobRun& run) {
    started.set_value();
    while (!run.cancelled()) std::this_thread::sleep_for(milliseconds(5));
    over = true;
    return std::string();
  });
  jobs_.runNow("test.long");
  started.get_future().wait();
  EXPECT_TRUE(jobs_.remove("test.long"));
  EXPECT_TRUE(over);
  EXPECT_FALSE(jobs_.remove("test.long"));
  EXPECT_TRUE(jobs_.list().empty());
}

TEST_F(JobsTest, AFullExecutorIsRecorded) {
  Jobs jobs([](const std::function<void()>&) { return false; });
  jobs.add("test.job", never(), [](JobRun&) { return std::string(); });
  jobs.runNow("test.job");
  EXPECT_EQ(jobs.history("test.job").at(0).outcome, Outcome::refused);
  EXPECT_FALSE(jobs.list().at(0).running);
}

TEST_F(JobsTest, HistoryIsBounded) {
  jobs_.add("test.job", never(), [](JobRun&) { return std::string(); });
  for (int i = 0; i < 5; ++i) {
    jobs_.runNow("test.job");
    finished(jobs_, "test.job");
  }
  EXPECT_EQ(jobs_.history("test.job").size(), 3u);
}

TEST_F(JobsTest, StopCancelsAndWaits) {
  std::promise<void> started;
  jobs_.add("test.long", never(), [&](JobRun& run) {
    started.set_value();
    while (!run.cancelled()) std::this_thread::sleep_for(milliseconds(5));
    return std::string();
  });
  jobs_.start();
  jobs_.runNow("test.long");
  started.get_future().wait();
  EXPECT_TRUE(jobs_.stop(seconds(10)));
  EXPECT_EQ(jobs_.history("test.long").at(0).outcome, Outcome::cancelled);
  EXPECT_THROW(jobs_.runNow("test.long"), ServiceError);
  EXPECT_TRUE(jobs_.stop(seconds(1)));
}

}  // namespace
}  // namespace mortise::services
