#include "core/ops/health.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "core/ops/metrics.hpp"

namespace mortise::ops {
namespace {

using namespace std::chrono_literals;

TEST(Health, RequiredChecksDecideReadinessOptionalOnesDegrade) {
  Health health;
  health.add("db", true, 5s, [](auto) { return CheckResult{true, "fine"}; });
  health.add("mail", false, 5s, [](auto) { return CheckResult{false, "refused"}; });
  const HealthReport report = health.run();
  EXPECT_TRUE(report.ready);
  EXPECT_TRUE(report.degraded);
  ASSERT_EQ(report.checks.size(), 2u);
  EXPECT_EQ(report.checks[0].name, "db");
  EXPECT_TRUE(report.checks[0].healthy);
  EXPECT_EQ(report.checks[1].detail, "refused");
}

TEST(Health, AnExceptionIsUnhealthyWithItsText) {
  Health health;
  health.add("db", true, 5s, [](auto) -> CheckResult { throw std::runtime_error("no route"); });
  const HealthReport report = health.run();
  EXPECT_FALSE(report.ready);
  EXPECT_EQ(report.checks[0].detail, "no route");
}

TEST(Health, AHangingCheckIsReportedAndNotStartedTwice) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> starts{0};
  Health health(0ms);
  health.add("stuck", true, 30ms, [&starts, opened](auto) {
    ++starts;
    opened.wait();
    return CheckResult{true, ""};
  });
  health.add("quick", true, 5s, [](auto) { return CheckResult{true, ""}; });
  for (int i = 0; i < 3; ++i) {
    const HealthReport report = health.run();
    EXPECT_FALSE(report.ready);
    EXPECT_TRUE(report.checks[0].timedOut);
    EXPECT_TRUE(report.checks[1].healthy);
  }
  EXPECT_EQ(starts, 1);
  gate.set_value();
}

TEST(Health, ResultsAreKeptForTheCacheTime) {
  std::atomic<int> runs{0};
  Health health(1h);
  health.add("db", true, 5s, [&runs](auto) {
    ++runs;
    return CheckResult{true, ""};
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(health.run().ready);
  EXPECT_EQ(runs, 1);
}

TEST(Health, ManyCallersShareOneRun) {
  std::atomic<int> runs{0};
  Health health(1h);
  health.add("db", true, 5s, [&runs](auto) {
    ++runs;
    std::this_thread::sleep_for(20ms);
    return CheckResult{true, ""};
  });
  std::vector<std::thread> callers;
  std::atomic<int> ready{0};
  for (int i = 0; i < 8; ++i) callers.emplace_back([&] { ready += health.run().ready ? 1 : 0; });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(ready, 8);
  EXPECT_EQ(runs, 1);
}

TEST(Health, ANameIsTakenOnceAndFreeAgainWhenItsCheckIsGone) {
  Health health;
  const auto well = [](auto) { return CheckResult{true, ""}; };
  health.reserve("api");
  EXPECT_FALSE(health.add("api", true, 1s, well));
  EXPECT_TRUE(health.add("sandbox", true, 1s, well));
  EXPECT_FALSE(health.add("sandbox", false, 1s, well));
  health.remove("sandbox");
  health.remove("sandbox");
  EXPECT_TRUE(health.run().checks.empty());
  EXPECT_TRUE(health.add("sandbox", true, 1s, well));
}

TEST(Health, ARemovedCheckRunsNoMoreOnceRemoveReturns) {
  std::promise<void> inside;
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<bool> over{false};
  Health health(0ms);
  health.add("slow", true, 5s, [&, opened](auto) {
    inside.set_value();
    opened.wait();
    over = true;
    return CheckResult{true, ""};
  });
  std::thread asking([&] { health.run(); });  // gets "removed", or the last result
  inside.get_future().wait();
  std::thread opening([&] { gate.set_value(); });
  health.remove("slow");
  EXPECT_TRUE(over);
  EXPECT_TRUE(health.run().checks.empty());
  opening.join();
  asking.join();
}

TEST(Health, ChecksComeAndGoWhileOthersAreAsked) {
  Health health(0ms);
  health.add("stays", true, 5s, [](auto) { return CheckResult{true, ""}; });
  std::atomic<bool> enough{false};
  std::thread asking([&] {
    while (!enough) EXPECT_TRUE(health.run().ready);
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(health.add("comes", true, 5s, [](auto) { return CheckResult{true, ""}; }));
    if (i % 2 == 0) health.run();
    health.remove("comes");
  }
  enough = true;
  asking.join();
}

TEST(Health, TheGaugeShowsTheLastRunAndWaitsForNone) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<bool> healthy{true};
  Registry metrics;
  Health health(0ms, &metrics);
  health.add("sandbox", true, 5s, [&](auto) { return CheckResult{healthy, ""}; });
  health.add("stuck", true, 1ms, [opened](auto) {
    opened.wait();
    return CheckResult{true, ""};
  });
  const auto shows = [&](const std::string& sample) {
    return metrics.render().find("mortise_health_check{name=" + sample + "\n") != std::string::npos;
  };
  EXPECT_TRUE(shows("\"sandbox\"} NaN"));
  while (!shows("\"sandbox\"} 1")) std::this_thread::yield();
  while (!shows("\"stuck\"} 0")) std::this_thread::yield();
  healthy = false;
  while (!shows("\"sandbox\"} 0")) std::this_thread::yield();
  health.remove("sandbox");
  EXPECT_TRUE(shows("\"sandbox\"} NaN"));
  gate.set_value();
}

}  // namespace
}  // namespace mortise::ops
