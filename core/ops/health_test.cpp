#include "core/ops/health.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

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

}  // namespace
}  // namespace mortise::ops
