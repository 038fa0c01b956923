#include "core/ops/metrics.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace mortise::ops {
namespace {

TEST(Metrics, RendersTheWholePage) {
  Registry registry;
  registry.counter("requests_total", "Requests\nanswered \\ all", {{"method", "GET"}, {"path", "a\"b\\c\nd"}}).add(3);
  registry.gauge("connections", "Open now").set(-2);
  registry.gaugeFrom("queue", "Waiting", {}, [] { return 1.5; });
  Histogram& times = registry.histogram("seconds", "Time taken", {0.1, 1}, {{"lane", "worker"}});
  times.observe(0.1);
  times.observe(0.5);
  times.observe(30);
  EXPECT_EQ(registry.render(),
            "# HELP connections Open now\n# TYPE connections gauge\nconnections -2\n"
            "# HELP queue Waiting\n# TYPE queue gauge\nqueue 1.5\n"
            "# HELP requests_total Requests\\nanswered \\\\ all\n# TYPE requests_total counter\n"
            "requests_total{method=\"GET\",path=\"a\\\"b\\\\c\\nd\"} 3\n"
            "# HELP seconds Time taken\n# TYPE seconds histogram\n"
            "seconds_bucket{lane=\"worker\",le=\"0.1\"} 1\nseconds_bucket{lane=\"worker\",le=\"1\"} 2\n"
            "seconds_bucket{lane=\"worker\",le=\"+Inf\"} 3\nseconds_sum{lane=\"worker\"} 30.6\n"
            "seconds_count{lane=\"worker\"} 3\n");
}

TEST(Metrics, GivesTheSameHandleForTheSameNameAndLabels) {
  Registry registry;
  EXPECT_EQ(&registry.counter("a", "A", {{"x", "1"}}), &registry.counter("a", "A", {{"x", "1"}}));
  EXPECT_NE(&registry.counter("a", "A", {{"x", "1"}}), &registry.counter("a", "A", {{"x", "2"}}));
}

TEST(Metrics, RefusesMisuse) {
  Registry registry;
  registry.counter("a", "A");
  registry.histogram("h", "H", {1});
  EXPECT_THROW(registry.gauge("a", "A"), std::logic_error);
  EXPECT_THROW(registry.counter("1a", "A"), std::logic_error);
  EXPECT_THROW(registry.counter("b c", "A"), std::logic_error);
  EXPECT_THROW(registry.counter("b", "A", {{"le", "1"}}), std::logic_error);
  EXPECT_THROW(registry.histogram("h", "H", {2}), std::logic_error);
  EXPECT_THROW(registry.histogram("k", "H", {2, 1}), std::logic_error);
}

TEST(Metrics, CountsFromManyThreadsWithoutLoss) {
  Registry registry;
  Counter& counter = registry.counter("n", "N");
  Histogram& histogram = registry.histogram("h", "H", {1});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10000; ++i) {
        counter.add();
        histogram.observe(0.5);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40000u);
  const std::string page = registry.render();
  EXPECT_NE(page.find("h_count 40000\n"), std::string::npos);
  EXPECT_NE(page.find("h_sum 20000\n"), std::string::npos);
}

}  // namespace
}  // namespace mortise::ops
