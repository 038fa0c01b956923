#include "core/base/apart.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

namespace mortise {
namespace {

using namespace std::chrono_literals;
using Work = std::function<void(const SendApart& send)>;

std::string fault(const Work& work, std::chrono::seconds limit = 30s, std::vector<std::string>* messages = nullptr) {
  return runApart(limit, work, [&](std::string message) {
    if (messages != nullptr) messages->push_back(std::move(message));
  });
}

TEST(Apart, HandsOverWhatIsSent) {
  std::vector<std::string> messages;
  EXPECT_EQ(fault(
                [](const SendApart& send) {
                  send("one\ntwo");
                  send("");
                  send(std::string(200'000, 'x'));
                },
                30s, &messages),
            "");
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0], "one\ntwo");
  EXPECT_EQ(messages[2].size(), 200'000U);
}

TEST(Apart, SaysHowTheWorkEnded) {
  EXPECT_EQ(fault([](const SendApart&) { throw std::runtime_error("no disk"); }), "no disk");
  EXPECT_EQ(fault([](const SendApart&) { throw 1; }), "threw something that is not a std::exception");
  EXPECT_EQ(fault([](const SendApart&) { ::_exit(7); }), "ended the process with exit code 7");
  EXPECT_EQ(fault([](const SendApart&) { ::kill(::getpid(), SIGKILL); }), "crashed: Killed");
  EXPECT_EQ(fault([](const SendApart&) { ::pause(); }, 1s), "did not end within 1 s");
}

TEST(Apart, KeepsWhatWasSentBeforeACrash) {
  std::vector<std::string> messages;
  EXPECT_NE(fault(
                [](const SendApart& send) {
                  send("before");
                  ::kill(::getpid(), SIGKILL);
                },
                30s, &messages),
            "");
  EXPECT_EQ(messages, std::vector<std::string>{"before"});
}

}  // namespace
}  // namespace mortise
