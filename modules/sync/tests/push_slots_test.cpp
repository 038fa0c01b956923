#include "archives/push_slots.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

namespace session_sharing {
namespace {

using namespace std::chrono_literals;

// What became of one that wants a slot.
struct Wish {
  std::promise<std::string> outcome;
  std::future<std::string> future = outcome.get_future();

  explicit Wish(PushSlots& slots, const std::string& user = "ada") {
    slots.enter(
        user, [this] { outcome.set_value("started"); }, [this] { outcome.set_value("refused"); });
  }
  bool waits() const { return future.wait_for(0s) == std::future_status::timeout; }
  std::string get() { return future.get(); }
};

TEST(PushSlots, StartAsManyAsOneUserMayHave) {
  PushSlots slots(2, 1h);
  slots.begin();
  Wish first(slots), second(slots), third(slots), other(slots, "bob");
  EXPECT_EQ(first.get(), "started");
  EXPECT_EQ(second.get(), "started");
  EXPECT_EQ(other.get(), "started");
  EXPECT_TRUE(third.waits());
  slots.leave("bob");
  EXPECT_TRUE(third.waits());
  slots.leave("ada");
  EXPECT_EQ(third.get(), "started");
}

TEST(PushSlots, RefuseWhoHasWaitedTooLong) {
  PushSlots slots(1, 10ms);
  slots.begin();
  Wish first(slots), second(slots);
  EXPECT_EQ(second.get(), "refused");
  slots.leave("ada");
  Wish third(slots);
  EXPECT_EQ(third.get(), "started");
}

TEST(PushSlots, RefuseAllThatWaitAtTheEnd) {
  PushSlots slots(1, 1h);
  slots.begin();
  Wish first(slots), second(slots), third(slots);
  slots.end();
  EXPECT_EQ(second.get(), "refused");
  EXPECT_EQ(third.get(), "refused");
}

TEST(PushSlots, KeepTheNumberWhenManyComeAtOnce) {
  PushSlots slots(3, 1h);
  slots.begin();
  std::atomic<int> active{0}, most{0}, done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 100; ++turn) {
        std::promise<void> started;
        slots.enter(
            "ada", [&] { started.set_value(); }, [] {});
        started.get_future().wait();
        const int now = ++active;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        --active;
        ++done;
        slots.leave("ada");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 800);
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace session_sharing
