#include "core/services/breaker.hpp"

#include <gtest/gtest.h>

namespace mortise::services {
namespace {

using std::chrono::milliseconds;

TEST(Breaker, AfterAFailureOneCallAtATimeProbes) {
  Breaker breaker(milliseconds(500));
  const auto start = Breaker::Clock::now();
  EXPECT_TRUE(breaker.admits(start));
  EXPECT_FALSE(breaker.succeeded()) << "nothing changed";
  EXPECT_TRUE(breaker.failed(start));
  EXPECT_FALSE(breaker.failed(start)) << "a second failure is no news";
  EXPECT_FALSE(breaker.admits(start + milliseconds(499)));
  EXPECT_TRUE(breaker.admits(start + milliseconds(500)));
  EXPECT_FALSE(breaker.admits(start + milliseconds(501))) << "the probe is under way";
  breaker.failed(start + milliseconds(700));
  EXPECT_FALSE(breaker.admits(start + milliseconds(1199)));
  EXPECT_TRUE(breaker.admits(start + milliseconds(1200)));
  EXPECT_TRUE(breaker.succeeded());
  EXPECT_TRUE(breaker.admits(start + milliseconds(1200)));
  EXPECT_FALSE(breaker.open());
}

TEST(Breaker, AProbeThatNeverReportsDoesNotCloseItForGood) {
  Breaker breaker(milliseconds(500));
  const auto start = Breaker::Clock::now();
  breaker.failed(start);
  EXPECT_TRUE(breaker.admits(start + milliseconds(500)));
  EXPECT_FALSE(breaker.admits(start + milliseconds(2000)));
  EXPECT_TRUE(breaker.admits(start + milliseconds(3000)));
}

}  // namespace
}  // namespace mortise::services
