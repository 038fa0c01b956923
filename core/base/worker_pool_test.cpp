#include "core/base/worker_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace mortise {
namespace {

WorkerPool::OnError ignore() {
  return [](std::exception_ptr) {};
}

TEST(WorkerPool, RunsInTheOrderPostedOnOneThread) {
  std::vector<int> order;
  WorkerPool pool("test", 1, 100, ignore());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.post([&order, i] { order.push_back(i); }));
  pool.stop();
  ASSERT_EQ(order.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(WorkerPool, RefusesWhenTheQueueIsFullAndCounts) {
  std::promise<void> gate, entered;
  auto opened = gate.get_future().share();
  WorkerPool pool("test", 1, 2, ignore());
  ASSERT_TRUE(pool.post([&entered, opened] {
    entered.set_value();
    opened.wait();
  }));
  entered.get_future().wait();
  EXPECT_TRUE(pool.post([] {}));
  EXPECT_TRUE(pool.post([] {}));
  EXPECT_FALSE(pool.post([] {}));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_EQ(pool.inFlight(), 1u);
  gate.set_value();
  pool.stop();
  EXPECT_EQ(pool.queued(), 0u);
  EXPECT_EQ(pool.inFlight(), 0u);
  EXPECT_FALSE(pool.post([] {}));
}

TEST(WorkerPool, ReportsWhatTasksThrowAndGoesOn) {
  std::atomic<int> errors{0}, done{0};
  WorkerPool pool("test", 2, 100, [&errors](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::runtime_error&) {
      ++errors;
    } catch (int) {
      ++errors;
    }
  });
  ASSERT_TRUE(pool.post([] { throw std::runtime_error("boom"); }));
  ASSERT_TRUE(pool.post([] { throw 42; }));
  ASSERT_TRUE(pool.post([&done] { ++done; }));
  pool.stop();
  EXPECT_EQ(errors, 2);
  EXPECT_EQ(done, 1);
}

TEST(WorkerPool, FinishesEverythingPostedFromManyThreads) {
  std::atomic<int> done{0};
  int accepted = 0;
  WorkerPool pool("test", 3, 100000, ignore());
  std::mutex counting;
  std::vector<std::thread> posters;
  for (int t = 0; t < 4; ++t) {
    posters.emplace_back([&] {
      int mine = 0;
      for (int i = 0; i < 2000; ++i) mine += pool.post([&done] { done.fetch_add(1); }) ? 1 : 0;
      std::lock_guard lock(counting);
      accepted += mine;
    });
  }
  for (auto& poster : posters) poster.join();
  pool.stop();
  EXPECT_EQ(accepted, 8000);
  EXPECT_EQ(done, 8000);
}

TEST(WorkerPool, ANiceOneLetsOthersGoFirst) {
  std::atomic<int> inside{-1};
  const int before = ::getpriority(PRIO_PROCESS, 0);
  {
    WorkerPool pool("nice", 1, 1, ignore(), 10);
    EXPECT_TRUE(pool.post([&] { inside = ::getpriority(PRIO_PROCESS, 0); }));
  }
  EXPECT_GE(inside, 10);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before) << "the threads of the pool only";
}

}  // namespace
}  // namespace mortise
