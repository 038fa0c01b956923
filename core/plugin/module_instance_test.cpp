#include "core/plugin/module_instance.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "core/plugin/check.hpp"
#include "core/plugin/module_files_testing.hpp"
#include "core/plugin/recording_call.hpp"
#include "core/plugin/scratch_services.hpp"

namespace mortise::plugin {
namespace {

using testing::moduleFile;

std::unique_ptr<ModuleInstance> running(const std::string& name) {
  const auto manifest = std::make_shared<const Manifest>(Manifest::readFromFile(moduleFile(name)));
  auto instance =
      std::make_unique<ModuleInstance>(manifest, Library::open(moduleFile(name), *manifest), HostServices{});
  instance->create();
  instance->start();
  return instance;
}

TEST(ModuleInstance, AWellMadeModuleAnswersThroughTheTable) {
  const auto module = running("well_made");
  RecordingCall call("hello");
  EXPECT_EQ(module->handle("hello", call), MORTISE_OK);
  ASSERT_TRUE(call.replied);
  EXPECT_EQ(call.replied->json, "{\"hello\":true}");
  EXPECT_EQ(call.servedBy, &module->host());
}

struct Broken {
  const char* operation;
  mortise_status status;
  const char* note;
};

void PrintTo(const Broken& row, std::ostream* out) { *out << row.operation; }

class BrokenHandler : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenHandler, IsAnsweredAsAFailure) {
  const auto module = running("throws");
  RecordingCall call(GetParam().operation);
  EXPECT_EQ(module->handle(GetParam().operation, call), GetParam().status);
  ASSERT_TRUE(call.failed);
  EXPECT_EQ(call.failed->status, 500);
  EXPECT_EQ(call.failed->code, "internal");
  EXPECT_EQ(call.failed->noteText, GetParam().note);
  EXPECT_EQ(module->inFlight(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Handlers, BrokenHandler,
    ::testing::Values(Broken{"throwsException", MORTISE_FAILED, "the handler threw: disk on fire"},
                      Broken{"throwsInt", MORTISE_FAILED, "the handler threw: something that is not a std::exception"},
                      Broken{"fails", MORTISE_UNAVAILABLE, "the handler returned status 6"},
                      Broken{"inventsStatus", static_cast<mortise_status>(4711), "the handler returned status 4711"}),
    [](const auto& row) { return row.param.operation; });

TEST(ModuleInstance, ASilentHandlerIsLeftToTheLastRelease) {
  const auto module = running("throws");
  RecordingCall call("silent");
  EXPECT_EQ(module->handle("silent", call), MORTISE_OK);
  EXPECT_FALSE(call.failed);
}

TEST(ModuleInstance, AJobThatThrowsFailsWithItsReason) {
  const auto module = running("throws");
  mortise_error error{};
  error.struct_size = sizeof error;
  EXPECT_EQ(module->runJob("sweep", nullptr, &error), MORTISE_FAILED);
  EXPECT_STREQ(error.text, "no broom");
}

TEST(ModuleInstance, ALookupThatThrowsGivesNothing) {
  EXPECT_EQ(running("throws")->lookup("throws.nothing/1"), nullptr);
}

TEST(ModuleInstance, StopAndDestroyThatThrowAreSurvived) {
  auto module = running("throws");
  module->stop();
  module.reset();
}

TEST(ModuleInstance, NothingEntersAStoppedModule) {
  const auto module = running("well_made");
  module->stop();
  RecordingCall call("hello");
  EXPECT_EQ(module->handle("hello", call), MORTISE_UNAVAILABLE);
  EXPECT_FALSE(call.replied);
  EXPECT_FALSE(call.failed);
  mortise_error error{};
  error.struct_size = sizeof error;
  EXPECT_EQ(module->runJob("sweep", nullptr, &error), MORTISE_CLOSED);
}

// Blocks the module's thread inside reply() until it is released.
class SlowCall : public RecordingCall {
 public:
  SlowCall() : RecordingCall("hello") {}
  bool reply(CallReply answer) override {
    entered.set_value();
    letGo.get_future().wait();
    return RecordingCall::reply(std::move(answer));
  }
  std::promise<void> entered, letGo;
};

TEST(ModuleInstance, StopWaitsForTheCallsThatRun) {
  const auto module = running("well_made");
  SlowCall call;
  std::thread handler([&] { module->handle("hello", call); });
  call.entered.get_future().wait();
  EXPECT_EQ(module->inFlight(), 1u);
  std::atomic<bool> stopped{false};
  std::thread stopper([&] {
    module->stop();
    stopped.store(true);
  });
  // When new calls are refused, stop() has begun; it can't end before the running one.
  RecordingCall late("hello");
  while (module->handle("hello", late) != MORTISE_UNAVAILABLE) late.replied.reset();
  EXPECT_FALSE(stopped.load());
  call.letGo.set_value();
  handler.join();
  stopper.join();
  EXPECT_TRUE(call.replied);
  EXPECT_EQ(module->inFlight(), 0u);
}

TEST(Check, AWellMadeModulePassesEveryCheck) {
  const testing::ScratchDirectory scratch;
  const auto results = checkModule(moduleFile("well_made"), scratch.path());
  ASSERT_EQ(results.size(), 11u);
  for (const auto& result : results) EXPECT_TRUE(result.passed) << result.line();
  EXPECT_EQ(results.front().line(), "PASS  manifest");
}

TEST(Check, AFailureIsALineWithItsReason) {
  const testing::ScratchDirectory scratch;
  const auto results = checkModule(moduleFile("start_fails"), scratch.path());
  EXPECT_EQ(results.back().line(), "FAIL  create, start, stop, destroy: could not be started: port 9 is taken");
  EXPECT_EQ(checkModule(moduleFile("minor_from_the_future"), scratch.path()).back().line(),
            "FAIL  descriptor: wants SDK 1.7, this kernel serves 1.1; run a newer kernel");
}

TEST(Check, ASectionForAnUnknownDatabaseIsNamed) {
  const testing::ScratchDirectory scratch;
  std::string lines;
  for (const auto& result : checkModule(moduleFile("migration_section"), scratch.path())) lines += result.line() + "\n";
  EXPECT_NE(lines.find("FAIL  migrations apply: sectioned: migration 001_things.sql failed and was undone: migration "
                       "001_things.sql: section \"mysql\" is none of sqlite, postgresql, all"),
            std::string::npos)
      << lines;
}

TEST(Check, ACrashIsAResult) {
  const testing::ScratchDirectory scratch;
  const auto results = checkModule(moduleFile("crashes_in_start"), scratch.path());
  EXPECT_EQ(results.back().line(), "FAIL  create, start, stop, destroy: crashed: Aborted");
}

TEST(Check, AForeignSymbolIsNamed) {
  const testing::ScratchDirectory scratch;
  const auto results = checkModule(moduleFile("exports_more"), scratch.path());
  EXPECT_EQ(results.at(1).line(),
            "FAIL  single exported symbol: exports helper too; link with the version script of mortise_add_module()");
}

TEST(Inspect, TellsWhatTheFileIsWithoutRunningIt) {
  EXPECT_EQ(inspect(moduleFile("described")),
            "described 1.0.0\n"
            "For tests\n"
            "\n"
            "file      " +
                moduleFile("described") +
                "\n"
                "sdk       1.0 or newer\n"
                "needs     log/1, jobs/1\n"
                "optional  mail/1\n"
                "provides  nothing\n"
                "exports   mortise_module_v1\n"
                "\n"
                "options (name, type, default)\n"
                "  described.zone   string  UTC       Zone of the clock\n"
                "  described.token  string  (secret)  For the moon\n"
                "\n"
                "permissions (name, roles that have it)\n"
                "  described.view  user, admin  See it\n"
                "\n"
                "features (name, lowest tier that has it)\n"
                "  team_notes  team  Shared notes\n"
                "\n"
                "operations (method, path, id, permission, feature)\n"
                "  GET  /api/test/hello  hello  anybody\n"
                "\n"
                "jobs (id, trigger)\n"
                "  sweep  cron: 0 3 * * *  Sweep\n");
}

}  // namespace
}  // namespace mortise::plugin
