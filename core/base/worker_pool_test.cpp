#include "core/base/worker_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

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

TEST(WorkerPool, OwnersTakeTurnsAndTheFullQueueDropsFromWhoHasMost) {
  std::promise<void> gate, entered;
  auto opened = gate.get_future().share();
  WorkerPool pool("test", 1, 4, ignore());
  ASSERT_TRUE(pool.post([&entered, opened] {
    entered.set_value();
    opened.wait();
  }));
  entered.get_future().wait();
  std::string order, dropped;
  const auto post = [&](const std::string& owner, char item) {
    return pool.post(
        owner, [&order, item] { order += item; }, [&dropped, item] { dropped += item; });
  };
  for (const char item : {'1', '2', '3', '4'}) EXPECT_TRUE(post("flood", item));
  EXPECT_FALSE(post("flood", '5')) << "its share is the whole queue, and no more";
  EXPECT_TRUE(post("ada", 'a'));
  EXPECT_TRUE(post("bob", 'b'));
  EXPECT_EQ(dropped, "43");
  EXPECT_FALSE(post("ada", 'A')) << "two of four would be more than what the others have";
  EXPECT_EQ(pool.queued(), 4u);
  gate.set_value();
  pool.stop();
  EXPECT_EQ(order, "1ab2");
}

// As many tasks as threads wait for a peer, and then some.
TEST(WorkerPool, TasksThatAwaitAPeerLeaveTheirThreadsToOthers) {
  for (const std::size_t threads : {1, 3}) {
    std::promise<void> peer;
    auto answered = peer.get_future().share();
    std::atomic<int> awaiting{0}, refused{0};
    WorkerPool pool("test", threads, 100, ignore(), 0, 5);
    for (int i = 0; i < 7; ++i) {
      ASSERT_TRUE(pool.post([&] {
        const WorkerPool::Awaiting scope;
        const WorkerPool::Awaiting within;  // counts once
        if (!scope.admitted()) {
          ++refused;
          return;
        }
        EXPECT_EQ(scope.most(), 5u);
        ++awaiting;
        answered.wait();
      }));
    }
    for (int i = 0; i < 20; ++i) {
      std::promise<void> done;
      ASSERT_TRUE(pool.post([&done] { done.set_value(); }));
      done.get_future().wait();
    }
    while (awaiting + refused < 7) std::this_thread::yield();
    EXPECT_EQ(awaiting, 5);
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(pool.awaiting(), 5u);
    peer.set_value();
    pool.stop();
    EXPECT_EQ(pool.awaiting(), 0u);
  }
}

TEST(WorkerPool, NoMoreTasksThanThreadsAreAtWorkOutsideOfAwaiting) {
  std::atomic<int> active{0}, most{0}, done{0};
  {
    WorkerPool pool("test", 2, 1000, ignore(), 0, 8);
    for (int i = 0; i < 300; ++i) {
      ASSERT_TRUE(pool.post([&, i] {
        const int now = ++active;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --active;
        if (i % 3 == 0) {
          const WorkerPool::Awaiting scope;
          std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        ++done;
      }));
    }
  }
  EXPECT_EQ(done, 300) << "stop() finishes what is queued";
  EXPECT_LE(most, 2);
}

TEST(WorkerPool, TheStoreAndOtherPeersTakeNoPlacesOfEachOther) {
  std::promise<void> peer;
  auto answered = peer.get_future().share();
  std::atomic<int> store{0}, others{0}, refused{0};
  WorkerPool pool("test", 1, 100, ignore(), 0, 3);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(pool.post([&, toStore = i < 5] {
      const WorkerPool::Awaiting scope(toStore ? WorkerPool::Peer::store : WorkerPool::Peer::other);
      if (!scope.admitted()) {
        ++refused;
        return;
      }
      ++(toStore ? store : others);
      answered.wait();
    }));
  }
  while (store + others + refused < 10) std::this_thread::yield();
  EXPECT_EQ(store, 3);
  EXPECT_EQ(others, 3);
  EXPECT_EQ(pool.awaiting(), 6u);
  peer.set_value();
}

TEST(WorkerPool, ATaskMayWaitForAPlaceOnHalfOfTheThreads) {
  using Peer = WorkerPool::Peer;
  constexpr std::chrono::milliseconds kLong{60000};
  std::promise<void> peer;
  auto answered = peer.get_future().share();
  std::atomic<int> present{0}, admitted{0}, refused{0};
  WorkerPool pool("test", 4, 100, ignore(), 0, 2);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pool.post([&] {
      const WorkerPool::Awaiting scope(Peer::store);
      ++present;
      answered.wait();
    }));
  }
  while (present < 2) std::this_thread::yield();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(pool.post([&] {
      const WorkerPool::Awaiting scope(Peer::store, kLong);
      ++(scope.admitted() ? admitted : refused);
    }));
  }
  while (refused < 4) std::this_thread::yield();
  EXPECT_EQ(admitted, 0);
  std::promise<void> done;
  ASSERT_TRUE(pool.post([&done] { done.set_value(); }));
  done.get_future().wait();
  peer.set_value();
  pool.stop();
  EXPECT_EQ(admitted, 2);
  EXPECT_EQ(refused, 4);
}

TEST(WorkerPool, PatienceForAPlaceEnds) {
  std::promise<void> peer;
  auto answered = peer.get_future().share();
  std::promise<void> present;
  WorkerPool pool("test", 2, 100, ignore(), 0, 1);
  ASSERT_TRUE(pool.post([&] {
    const WorkerPool::Awaiting scope(WorkerPool::Peer::store);
    present.set_value();
    answered.wait();
  }));
  present.get_future().wait();
  std::promise<bool> admitted;
  ASSERT_TRUE(pool.post([&] {
    admitted.set_value(WorkerPool::Awaiting(WorkerPool::Peer::store, std::chrono::milliseconds(20)).admitted());
  }));
  EXPECT_FALSE(admitted.get_future().get());
  peer.set_value();
}

TEST(WorkerPool, AwaitingOutsideOfSuchAPoolDoesNothing) {
  const WorkerPool::Awaiting scope;
  EXPECT_TRUE(scope.admitted());
  EXPECT_EQ(scope.most(), 0u);
  WorkerPool pool("test", 1, 10, ignore());
  std::promise<bool> admitted;
  ASSERT_TRUE(pool.post([&] { admitted.set_value(WorkerPool::Awaiting().admitted()); }));
  EXPECT_TRUE(admitted.get_future().get());
}

}  // namespace
}  // namespace mortise
