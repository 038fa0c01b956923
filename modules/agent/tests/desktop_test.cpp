// Desktops in real boxes, looked at as viewers do.
#include "desktop/desktop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "boxes_testing.hpp"
#include "browser/browser.hpp"
#include "rfb_client_testing.hpp"
#include "shared_page_testing.hpp"

namespace agent::desktop {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

sandbox::LocalOptions roomy() {
  sandbox::LocalOptions options;
  options.memory = 1ULL << 30;
  options.browser = true;
  options.cpuPercent = 400;
  return options;
}

class ADesktop : public testing::Test {
 protected:
  static void SetUpTestSuite() { boxes_ = new sandbox::Boxes(roomy()); }
  static void TearDownTestSuite() {
    delete boxes_;
    boxes_ = nullptr;
  }
  void SetUp() override {
    for (const auto& capability : boxes_->driver->capabilities()) {
      if (capability.name == "desktop" && !capability.available) GTEST_SKIP() << capability.detail;
    }
    session = testing::UnitTest::GetInstance()->current_test_info()->name();
    box = boxes_->open(session);
  }
  void TearDown() override {
    box = nullptr;
    if (!session.empty()) boxes_->driver->remove(session);
  }
  sandbox::LocalDriver& driver() const { return *boxes_->driver; }
  std::string run(const std::string& command) const { return box->execute("main", "~", command, {}).output; }
  // Starts a program in the background and goes on.
  std::unique_ptr<sandbox::Program> begin(std::vector<std::string> arguments) const {
    sandbox::ProgramPlan plan;
    plan.arguments = std::move(arguments);
    return box->start(std::move(plan));
  }

  std::string session;
  std::shared_ptr<sandbox::Sandbox> box;

 private:
  static inline sandbox::Boxes* boxes_ = nullptr;
};

TEST_F(ADesktop, ShowsWhatProgramsDraw) {
  const Desktop desktop(box, {});
  std::ostringstream program;
  program << std::ifstream(AGENT_SOURCE_DIR "/tests/box_painter.py").rdbuf();
  const auto painter = begin({"python3", "-c", program.str()});
  const auto screen = desktop.connect();
  auto client = clientOf(screen);
  client.greet();
  EXPECT_EQ(client.version, "RFB 003.008\n");
  EXPECT_EQ(client.securityTypes, std::string(1, '\1')) << "no password: the server lets viewers in";
  EXPECT_EQ(client.width, static_cast<unsigned>(kWidth));
  EXPECT_EQ(client.height, static_cast<unsigned>(kHeight));
  std::size_t colours = 0;
  for (int i = 0; i < 50 && colours < 256; ++i) {
    client.ask();
    colours = client.colours().size();
    if (colours < 256) std::this_thread::sleep_for(100ms);
  }
  EXPECT_GE(colours, 256U);
  EXPECT_THAT(run("pgrep -x openbox && echo there"), HasSubstr("there"));
}

// The user and the tools have one browser: what the tools opened is on the screen, and what is typed is in the page.
TEST_F(ADesktop, ShowsThePageThatTheToolsSee) {
  const auto browser = box->browser();
  if (!browser) GTEST_SKIP() << "chromium is missing";
  box->write({.path = "/home/ubuntu/page.html", .text = stripedPage()});
  EXPECT_EQ(browser->navigate("file:///home/ubuntu/page.html", {}).title, "The page");

  const Desktop desktop(box, {});
  browser->showOn(kDisplay, {});
  EXPECT_EQ(browser->view({}).title, "The page") << "it moved with its pages";
  const auto screen = desktop.connect();
  auto client = clientOf(screen);
  client.greet();
  EXPECT_EQ(pageColoursSeen(client), kPageColours);

  browser->personTakes("one");
  EXPECT_EQ(sandbox::refusalOf([&] { browser->view([] { return true; }); }), "422 browser_refused") << "the tools wait";
  browser->personGives("one");
  EXPECT_THAT(typedInto(*browser, client, "mortise"), HasSubstr("mortise"));
}

TEST_F(ADesktop, ListensAtNoPort) {
  const Desktop desktop(box, {});
  EXPECT_EQ(run("cat /proc/net/tcp /proc/net/tcp6 | grep -c ' 0A '"), "0\n");
}

TEST_F(ADesktop, TakesSeveralViewersOfWhomOneReadsNothing) {
  const Desktop desktop(box, {});
  const auto deaf = desktop.connect();
  auto first = clientOf(deaf);
  first.greet();
  for (int i = 0; i < 20; ++i) first.ask();
  for (int i = 0; i < 3; ++i) {
    const auto screen = desktop.connect();
    auto client = clientOf(screen);
    client.greet();
    client.ask();
    EXPECT_GE(client.colours().size(), 1U);
  }
}

TEST_F(ADesktop, OutlivesALargePaste) {
  const Desktop desktop(box, {});
  const auto screen = desktop.connect();
  auto client = clientOf(screen);
  client.greet();
  client.paste(std::string(10 << 20, 'x'));
  client.ask();
  EXPECT_GE(client.colours().size(), 1U);
  EXPECT_TRUE(desktop.alive());
}

TEST_F(ADesktop, ComesBackAfterItWasKilled) {
  {
    const Desktop desktop(box, {});
    run("pkill -9 -x Xtigervnc");
    for (int i = 0; i < 100 && desktop.alive(); ++i) std::this_thread::sleep_for(20ms);
    EXPECT_FALSE(desktop.alive());
    EXPECT_EQ(sandbox::refusalOf([&] { (void)desktop.connect(); }), "503 sandbox_unavailable");
    // What it left behind, and its process number taken by another program.
    run("[ -e /tmp/.X1-lock ] || printf '%10d\\n' 1 > /tmp/.X1-lock");
  }
  Desktop again(box, {});
  EXPECT_TRUE(again.alive());
  again.end();
  EXPECT_FALSE(again.alive());
  EXPECT_EQ(run("pgrep -c 'Xtiger|openbox'"), "0\n");

  // The same in a new box on the same files.
  const Desktop last(box, {});
  driver().process(session)->end("a test");
  box = driver().open(session);
  const Desktop fresh(box, {});
  EXPECT_TRUE(fresh.alive());
  EXPECT_FALSE(last.alive());
}

TEST_F(ADesktop, SaysWhyItDoesNotStart) {
  run("mkdir -p /tmp/.X1-lock/kept");
  try {
    const Desktop desktop(box, {});
    FAIL() << "it started";
  } catch (const mortise::Problem& problem) {
    EXPECT_EQ(problem.code(), "sandbox_unavailable");
    EXPECT_THAT(problem.note(), HasSubstr("Xtigervnc ended with status"));
    EXPECT_THAT(problem.note(), HasSubstr(".X1-lock"));
  }
}

TEST(WhatADesktopNeeds, IsNamedByPackage) {
  EXPECT_EQ(lackingFor("/no/such/root"),
            "missing: install the packages tigervnc-standalone-server, x11-xkb-utils, xkb-data, openbox");
}

}  // namespace
}  // namespace agent::desktop
