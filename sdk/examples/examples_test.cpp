// The example modules in a real kernel: what docs/module-authors.md promises of them.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "mortise/abi/module.h"
#include "mortise/testing/module_harness.hpp"
#include "mortise/testing/refusals.hpp"
#include "mortise/testing/rights.hpp"
#include "tests/peers/postgres.hpp"

namespace {

using mortise::testing::Client;
using mortise::testing::ModuleHarness;
using mortise::testing::Rights;
using ::testing::HasSubstr;

// [harness]
class GreeterModule : public ::testing::Test {
 protected:
  ModuleHarness harness_{"greeter", {{"greeter.most_phrases", "2"}}};
  Client nobody_ = harness_.anonymous();
  Client stranger_ = harness_.as(std::vector<std::string>{});
  Client editor_ = harness_.as("greeter.edit");
};

TEST_F(GreeterModule, NobodyMayNotAddPhrases) {
  EXPECT_EQ(nobody_.post("/api/greeter/phrases", R"({"phrase":"Hi"})").status, 401);
}
TEST_F(GreeterModule, WithoutThePermissionNobodyAddsPhrases) {
  EXPECT_EQ(stranger_.post("/api/greeter/phrases", R"({"phrase":"Hi"})").status, 403);
}
TEST_F(GreeterModule, RefusesAPhraseThatIsTooLongByItsField) {
  const auto answer = editor_.post("/api/greeter/phrases", R"({"phrase":")" + std::string(41, 'x') + R"("})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.field, "body/phrase");
}
// [/harness]

TEST_F(GreeterModule, SaysHello) {
  const auto answer = nobody_.get("/api/greeter/hello/Ada");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"greeting":"Hello, Ada!"})");
  EXPECT_EQ(nobody_.get("/api/greeter/hello/Ada?loud=true").body, R"({"greeting":"HELLO, ADA!"})");
  EXPECT_EQ(nobody_.get("/api/greeter/hello/Ada?loud=perhaps").status, 422);
}

TEST_F(GreeterModule, KeepsPhrasesUntilItIsFull) {
  const auto added = editor_.post("/api/greeter/phrases", R"({"phrase":"Hi \"there\""})");
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(added.body, R"({"phrase":"Hi \"there\"","by":")" + editor_.userId() + R"("})");
  const auto again = editor_.post("/api/greeter/phrases", R"({"phrase":"Hi \"there\""})");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.code, "phrase_known");
  EXPECT_THAT(again.body, HasSubstr("is there already"));
  EXPECT_EQ(editor_.post("/api/greeter/phrases", R"({"phrase":"Hey"})").status, 201);
  EXPECT_EQ(editor_.post("/api/greeter/phrases", R"({"phrase":"Ho"})").code, "phrases_full");
  EXPECT_EQ(nobody_.get("/api/greeter/phrases").body, R"({"phrases":["Hi \"there\"","Hey"]})");
  EXPECT_EQ(nobody_.get("/api/greeter/hello/Ada").body, R"({"greeting":"Hey, Ada!"})");
}

TEST_F(GreeterModule, SpeaksChinese) {
  editor_.post("/api/greeter/phrases", R"({"phrase":"Hi"})");
  const auto again = editor_.request("POST", "/api/greeter/phrases", R"({"phrase":"Hi"})", {"Accept-Language: zh-CN"});
  EXPECT_THAT(again.body, HasSubstr("已存在"));
}

TEST(HelloModule, SaysHello) {
  ModuleHarness harness{"hello"};
  EXPECT_EQ(harness.anonymous().get("/hello").body, R"("Hello, world")");
}

TEST(TickerModule, TicksIntoItsTable) {
  ModuleHarness harness{"ticker"};
  const auto client = harness.anonymous();
  auto answer = client.get("/api/ticker/ticks/latest");
  for (int i = 0; i < 300 && answer.status == 404; ++i) {  // the job runs every second
    EXPECT_EQ(answer.code, "no_tick_yet");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    answer = client.get("/api/ticker/ticks/latest");
  }
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, ::testing::StartsWith(R"({"number":)"));
}

TEST(TickerModule, StreamsTicksAndEchoesForRealClients) {
  ModuleHarness harness{"ticker"};
  const std::string out = ::testing::TempDir() + "ticker_peer." + std::to_string(::getpid());
  const std::string command =
      "/usr/bin/python3 " TICKER_PEER " " + harness.anonymous().address() + " > " + out + " 2>&1";
  const int status = std::system(command.c_str());
  std::ostringstream seen;
  seen << std::ifstream(out).rdbuf();
  std::remove(out.c_str());
  EXPECT_EQ(status, 0) << seen.str();
  EXPECT_EQ(
      seen.str(),
      "subprotocol ticker.echo\nechoes 4\nclosed 1000\nstream 200 text/event-stream\nticks follow each other True\n");
}

#if defined(__x86_64__)
TEST(ReleasedBinary, OfSdk10StillLoadsAndAnswers) {
  ModuleHarness harness{RELEASED_GREET};
  const auto client = harness.anonymous();
  EXPECT_EQ(client.get("/released/greet/Ada").body, R"({"greeting":"hello Ada"})");
  EXPECT_EQ(client.get("/released/greet/Ada2").status, 422);
  EXPECT_EQ(client.post("/released/echo", R"({"text":"a\"b"})").body, R"("a\"b")");
  const auto refused = client.post("/released/echo", R"({"text":""})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code, "nothing_said");
}
#endif

TEST(BookmarksModule, TellsWhoWatchesAndForgetsWhatIsOver) {
  ModuleHarness harness(std::vector<std::string>{"bookmarks", "scheduler"}, {{"identity.csrf_exempt_bearer", "true"}});
  const auto admin = harness.admin();
  const std::string out = ::testing::TempDir() + "watch_peer." + std::to_string(::getpid());
  const std::string command =
      "/usr/bin/python3 " WATCH_PEER " " + admin.address() + " " + admin.token() + " > " + out + " 2>&1";
  const int status = std::system(command.c_str());
  std::ostringstream seen;
  seen << std::ifstream(out).rdbuf();
  std::remove(out.c_str());
  EXPECT_EQ(status, 0) << seen.str();
  EXPECT_EQ(seen.str(), "True added\nTrue\nTrue\nleft 0\n");
}

// Kernels look at it: one of 1.0 refuses a module that needs 1.1.
TEST(Minor, IsWhatModuleYamlSaysWhicheverSdkCompiledTheModule) {
  const auto minorOf = [](const char* file) {
    void* library = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(::dlerror());
    const auto* descriptor = static_cast<const mortise_module*>(::dlsym(library, MORTISE_MODULE_SYMBOL));
    const int minor = descriptor == nullptr ? -1 : descriptor->abi_minor;
    ::dlclose(library);
    return minor;
  };
  EXPECT_EQ(minorOf(GREETER), 0);
  EXPECT_EQ(minorOf(TALLY), 0);
  EXPECT_EQ(minorOf(TICKER), 1);
}

// Built and named by sdk/template's test, with either compiler.
class NewModule : public ::testing::Test {
 protected:
  void SetUp() override {
    if (file_ == nullptr) GTEST_SKIP() << "MORTISE_TEMPLATE_MODULE names no daily_notes.so";
  }
  // Sixteen clients that write at the same moment: each is answered, and no number is given twice.
  void serveSixteenWriters(const ModuleHarness::Options& options) {
    constexpr int kWriters = 16, kEach = 20;
    ModuleHarness harness{file_, options};
    const auto editor = harness.as("daily_notes.edit");
    std::vector<std::thread> writers;
    std::vector<std::vector<std::string>> answers(kWriters);
    for (auto& mine : answers) {
      writers.emplace_back([&] {
        for (int n = 0; n < kEach; ++n) {
          const auto answer = editor.post("/api/daily_notes/notes", R"({"text":"Milk"})");
          mine.push_back(std::to_string(answer.status) + answer.body);
        }
      });
    }
    for (auto& writer : writers) writer.join();
    std::vector<std::string> all, expected;
    for (const auto& mine : answers) all.insert(all.end(), mine.begin(), mine.end());
    for (int n = 1; n <= kWriters * kEach; ++n)
      expected.push_back(R"(201{"number":)" + std::to_string(n) + R"(,"title":"Milk","text":"Milk"})");
    std::sort(all.begin(), all.end());
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(all, expected);
  }

  const char* file_ = std::getenv("MORTISE_TEMPLATE_MODULE");
};

TEST_F(NewModule, FromTheTemplateKeepsNotes) {
  ModuleHarness harness{file_};
  const auto editor = harness.as("daily_notes.edit");
  EXPECT_EQ(harness.anonymous().post("/api/daily_notes/notes", R"({"text":"Milk"})").status, 401);
  const auto untitled = editor.post("/api/daily_notes/notes", R"({"text":" \nMilk"})");
  EXPECT_EQ(untitled.status, 422);
  EXPECT_EQ(untitled.field, "body/text");
  EXPECT_EQ(editor.post("/api/daily_notes/notes", R"({"text":"Milk\nand bread"})").body,
            R"({"number":1,"title":"Milk","text":"Milk\nand bread"})");
  EXPECT_EQ(editor.get("/api/daily_notes/notes").body,
            R"({"notes":[{"number":1,"title":"Milk","text":"Milk\nand bread"}]})");
}

TEST_F(NewModule, FromTheTemplateServesSixteenWritersOnSqlite) { serveSixteenWriters({}); }

TEST_F(NewModule, FromTheTemplateServesSixteenWritersOnPostgresql) {
  auto* const server = mortise::peers::Postgres::shared();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
  serveSixteenWriters({{"db.url", server->newDatabase()}});
}

TEST(TallyModule, CountsInPlainC) {
  ModuleHarness harness{"tally"};
  const auto client = harness.anonymous();
  EXPECT_EQ(client.post("/api/tally/count").body, R"({"count":1})");
  EXPECT_EQ(client.post("/api/tally/count").body, R"({"count":2})");
  EXPECT_EQ(client.get("/api/tally/count").status, 405);
}

TEST(Examples, LiveTogetherInOneServer) {
  ModuleHarness harness(std::vector<std::string>{"greeter", "ticker", "tally"});
  const auto client = harness.admin();
  EXPECT_EQ(client.get("/api/greeter/hello/Ada").status, 200);
  EXPECT_EQ(client.post("/api/tally/count").status, 200);
  EXPECT_EQ(client.post("/api/greeter/phrases", R"({"phrase":"Hi"})").status, 201);
}

class Example : public ::testing::TestWithParam<const char*> {};

TEST_P(Example, RefusesWhatItsContractRefuses) {
  ModuleHarness harness{GetParam(), mortise::testing::Refusals::options()};
  EXPECT_EQ(mortise::testing::Refusals::of(harness, GetParam()).failures(), "");
}

TEST_P(Example, LetsInWhomItsContractLetsIn) {
  ModuleHarness harness{GetParam(), Rights::options()};
  const auto rights = Rights::of(harness, GetParam());
  EXPECT_EQ(rights.failures(), "");
  EXPECT_FALSE(rights.all().empty());
}
INSTANTIATE_TEST_SUITE_P(All, Example, ::testing::Values("hello", "greeter", "ticker", "tally"));

TEST(Kernel, RefusesWhatItsContractRefuses) {
  ModuleHarness harness{"tally", mortise::testing::Refusals::options()};
  EXPECT_EQ(mortise::testing::Refusals::of(harness, "kernel").failures(), "");
}

TEST(Kernel, LetsInWhomItsContractLetsIn) {
  ModuleHarness harness{"tally", Rights::options()};
  EXPECT_EQ(Rights::of(harness, "kernel").failures(), "");
}

// The operator's grants hold in the harness, too, and so do those of roles that as() makes.
TEST(Harness, KeepsWhatIdentityGrantSays) {
  for (const auto* roles : {"guest", "guest+viewer", "", "user+harness_1"}) {
    ModuleHarness harness{"greeter", Rights::options({{"identity.grant", std::string("greeter.edit=") + roles}})};
    EXPECT_EQ(harness.as("greeter.edit").post("/api/greeter/phrases", R"({"phrase":"Hi"})").status, 201) << roles;
    const auto rights = Rights::of(harness, "greeter");
    EXPECT_EQ(rights.failures(), "") << roles;
    const bool isGuestIn = std::any_of(rights.all().begin(), rights.all().end(), [](const auto& one) {
      return one.operation == "addPhrase" && one.what == "the token of a guest" && one.expected == "let in";
    });
    EXPECT_EQ(isGuestIn, std::string_view(roles).starts_with("guest")) << roles;
  }
}

TEST(Harness, TellsWhyAFileIsRefused) {
  const ModuleHarness harness;
  EXPECT_THAT(harness.tryLoad("/dev/null"), ::testing::AllOf(HasSubstr("/dev/null: "), HasSubstr("Not loaded.")));
}

TEST(Harness, NamesEveryPlaceWhereItLookedForAModule) {
  try {
    ModuleHarness harness("nowhere");
    FAIL() << "found a module that is not there";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("nowhere.so"), HasSubstr("MORTISE_TEST_MODULES")));
  }
}

TEST_F(GreeterModule, HarnessKnowsDeclaredPermissionsOnly) {
  EXPECT_THROW(harness_.as("greeter.fly"), std::invalid_argument);
}

}  // namespace
