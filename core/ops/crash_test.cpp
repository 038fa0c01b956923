#include "core/ops/crash.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <stdexcept>
#include <thread>

namespace mortise::ops {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

class CrashDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "the sanitizer handles signals itself";
    GTEST_FLAG_SET(death_test_style, "threadsafe");
  }
};

TEST_F(CrashDeathTest, ABadAccessIsReportedAndKeepsItsSignal) {
  EXPECT_EXIT(
      {
        installCrashHandler("1.2.3");
        volatile std::uintptr_t address = 16;
        volatile int* nowhere = reinterpret_cast<volatile int*>(address);  // NOLINT(performance-no-int-to-ptr): meant
        *nowhere = 1;
      },
      testing::KilledBySignal(SIGSEGV), "mortise 1\\.2\\.3 crashed: SIGSEGV at address 0x10\nbacktrace:\n.*ops_test");
}

TEST_F(CrashDeathTest, AnUncaughtExceptionIsNamed) {
  EXPECT_EXIT(
      {
        installCrashHandler("1.2.3");
        std::thread([] { throw std::runtime_error("lost the plot"); }).join();
      },
      testing::KilledBySignal(SIGABRT), "crashed: uncaught std::runtime_error: lost the plot\nbacktrace:");
}

}  // namespace
}  // namespace mortise::ops
