#include "core/http/body_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace mortise::http {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
using Share = BodyBudget::Share;

TEST(BodyBudget, ABodyTakesWhatItNeedsAndGivesItBack) {
  BodyBudget budget(kMiB);
  {
    Share share(budget, "a");
    EXPECT_TRUE(share.cover(BodyBudget::kFree));
    EXPECT_EQ(budget.used(), 0u) << "small bodies are free";
    EXPECT_TRUE(share.cover(BodyBudget::kFree + 1));
    EXPECT_EQ(budget.used(), BodyBudget::kStep);
    EXPECT_TRUE(share.cover(100 << 10));
    EXPECT_TRUE(share.cover(50 << 10)) << "covered already";
    EXPECT_EQ(budget.used(), 2 * BodyBudget::kStep);
    Share moved = std::move(share);
    EXPECT_EQ(budget.used(), 2 * BodyBudget::kStep);
  }
  EXPECT_EQ(budget.used(), 0u);
}

TEST(BodyBudget, AllBodiesTogetherStayBelowIt) {
  BodyBudget budget(kMiB);
  std::vector<Share> shares;
  for (int i = 0; i < 40; ++i) shares.emplace_back(budget, "client" + std::to_string(i));
  std::size_t covered = 0;
  for (auto& share : shares) covered += share.cover(BodyBudget::kFree + BodyBudget::kStep) ? 1 : 0;
  EXPECT_EQ(covered, kMiB / BodyBudget::kStep);
  EXPECT_EQ(budget.used(), kMiB);
  EXPECT_EQ(budget.refused(), 40 - covered);
  Share small(budget, "other");
  EXPECT_TRUE(small.cover(BodyBudget::kFree)) << "a small body passes when the budget is used up";
  shares.clear();
  EXPECT_EQ(budget.used(), 0u);
}

TEST(BodyBudget, OneClientHasAPartOfIt) {
  BodyBudget budget(kMiB);
  std::vector<Share> flood(16);
  std::size_t covered = 0;
  for (auto& share : flood) {
    share = Share(budget, "flood");
    covered += share.cover(BodyBudget::kFree + BodyBudget::kStep) ? 1 : 0;
  }
  EXPECT_EQ(covered, kMiB / BodyBudget::kClientPart / BodyBudget::kStep);
  Share other(budget, "other");
  EXPECT_TRUE(other.cover(kMiB / 2)) << "a single body may be larger than the part";
  EXPECT_FALSE(other.cover(2 * kMiB)) << "but not than what is left";
  Share proxied(budget, "");
  EXPECT_TRUE(proxied.cover(BodyBudget::kFree + BodyBudget::kStep));
  Share proxiedToo(budget, "");
  EXPECT_TRUE(proxiedToo.cover(BodyBudget::kFree + 2 * BodyBudget::kStep)) << "who has no name has no part";
}

TEST(BodyBudget, WithoutOneNothingIsCounted) {
  Share share;
  EXPECT_TRUE(share.cover(1ull << 40));
}

TEST(BodyBudget, HoldsAmongThreads) {
  BodyBudget budget(4 * kMiB);
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) {
        Share share(budget, std::to_string(thread));
        share.cover(static_cast<std::uint64_t>(i % 64) << 15);
        if (budget.used() > 4 * kMiB) over = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(over);
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace mortise::http
