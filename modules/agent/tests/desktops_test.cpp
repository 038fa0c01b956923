// Who looks at desktops, and what that means for who has the browser.
#include "desktop/desktops.hpp"

#include <gtest/gtest.h>

#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "boxes_testing.hpp"
#include "desktop/takeovers.hpp"

namespace agent::desktop {
namespace {

using namespace std::chrono_literals;

// A host whose log is silent and whose numbers nobody reads.
mortise::Host quietHost() {
  static const mortise_log_v1 kLog{sizeof(mortise_log_v1), &sandbox::SilentHost::write, &sandbox::SilentHost::enabled};
  static const mortise_metrics_v1 kMetrics = [] {
    mortise_metrics_v1 table{};
    table.struct_size = sizeof table;
    table.counter = [](auto...) { return MORTISE_OK; };
    table.gauge = [](auto...) { return MORTISE_OK; };
    table.add = [](auto...) {};
    table.set = [](auto...) {};
    return table;
  }();
  static mortise_host host = [] {
    mortise_host out{};
    out.struct_size = sizeof out;
    out.lookup = [](mortise_host*, mortise_str name) -> const void* {
      const mortise::Text wanted(name);
      if (wanted.string() == MORTISE_LOG_V1) return &kLog;
      return wanted.string() == MORTISE_METRICS_V1 ? &kMetrics : nullptr;
    };
    return out;
  }();
  return mortise::Host(&host);
}

sandbox::LocalOptions roomy() {
  sandbox::LocalOptions options;
  options.memory = 1ULL << 30;
  options.cpuPercent = 400;
  return options;
}

class DesktopsOfSessions : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& capability : boxes_.driver->capabilities()) {
      if (capability.name == "desktop" && !capability.available) GTEST_SKIP() << capability.detail;
    }
  }
  sandbox::Boxes boxes_{roomy()};
};

TEST_F(DesktopsOfSessions, AreTheUsersUntilAWhileAfterTheLastViewerLeft) {
  constexpr auto kUnseen = 300ms;
  Desktops desktops(quietHost(), *boxes_.driver, {.lookEvery = 10ms});
  desktops.start({});
  Takeovers takeovers([&](std::string_view id) { return desktops.seenAt(id); }, {.unseen = kUnseen, .lookEvery = 10ms});
  takeovers.start({});
  std::optional<Desktops::Viewing> first(desktops.view("one", {})), second(desktops.view("one", {}));
  takeovers.take("one");
  std::this_thread::sleep_for(2 * kUnseen);
  EXPECT_EQ(takeovers.holder("one"), Holder::user) << "two look";
  first.reset();
  std::this_thread::sleep_for(2 * kUnseen);
  EXPECT_EQ(takeovers.holder("one"), Holder::user) << "one still looks";
  // Whoever comes back before it is over has it as before.
  second.reset();
  const auto left = Clock::now();
  second.emplace(desktops.view("one", {}));
  const bool inTime = Clock::now() - left < kUnseen;
  std::this_thread::sleep_for(2 * kUnseen);
  if (inTime) {
    EXPECT_EQ(takeovers.holder("one"), Holder::user) << "a viewer came back";
  }
  takeovers.take("one");
  const auto last = Clock::now();
  second.reset();
  while (takeovers.holder("one") == Holder::user && Clock::now() - last < 60s) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(takeovers.holder("one"), Holder::agent) << "it ended by itself";
  EXPECT_GE(Clock::now() - last, kUnseen);
  takeovers.stop();
}

TEST_F(DesktopsOfSessions, EndAWhileAfterTheLastViewerLeft) {
  Desktops desktops(quietHost(), *boxes_.driver, {.idle = 200ms, .lookEvery = 10ms});
  desktops.start({});
  std::optional<Desktops::Viewing> viewing(desktops.view("one", {}));
  const auto desktop = &viewing->desktop();
  std::this_thread::sleep_for(500ms);
  EXPECT_TRUE(desktop->alive()) << "somebody looks";
  viewing.reset();
  const auto box = boxes_.open();
  const auto runs = [&] { return box->execute("main", "~", "pgrep -x Xtigervnc", {}).output; };
  for (int i = 0; i < 600 && !runs().empty(); ++i) std::this_thread::sleep_for(50ms);
  EXPECT_EQ(runs(), "");
}

}  // namespace
}  // namespace agent::desktop
