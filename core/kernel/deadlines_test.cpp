#include "core/kernel/deadlines.hpp"

#include <gtest/gtest.h>

#include "core/kernel/request_call.hpp"

namespace mortise::kernel {
namespace {

// A weak pointer keeps the memory of what was made with make_shared: an upload may take an hour, and there may be many
// in an hour.
TEST(Deadlines, KeepNoRequestsThatAreOver) {
  Deadlines deadlines;
  for (int i = 0; i < 100000; ++i) deadlines.watch({}, std::chrono::steady_clock::now() + std::chrono::hours(1));
  EXPECT_LE(deadlines.size(), 1024U);
}

}  // namespace
}  // namespace mortise::kernel
