#include "core/plugin/command_run.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "core/plugin/check.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/module_files_testing.hpp"

namespace mortise::plugin {
namespace {

using testing::moduleFile;

const Manifest& notes() {
  static const auto manifest = testing::manifestOf(
      R"({"mortise_manifest":1,"module":{"name":"notes","version":"1","sdk":"1.1","commands":{"show":{"help":"Show",
      "arguments":{"id":{"type":"integer","help":"Which note","minimum":1,"required":true,"positional":true},
                   "form":{"type":"string","choices":["long","short"],"default":"long","help":"How"},
                   "within":{"type":"duration","help":"How long"},"limit":{"type":"size","default":"1KiB","help":"Most"},
                   "all":{"type":"boolean","help":"All"}}}}}})");
  return *manifest;
}

struct Printed {
  std::string out, error;
  CommandRun::Print print() {
    return [this](std::string_view text, bool isError) {
      (isError ? error : out) += text;
      return out.find("enough") == std::string::npos;
    };
  }
};

class Show : public ::testing::Test {
 protected:
  CommandRun& run(const std::map<std::string, std::string>& given) {
    run_ = std::make_unique<CommandRun>(notes().commands.front(), given, printed_.print());
    return *run_;
  }
  std::string refusal(const std::map<std::string, std::string>& given) {
    try {
      run(given);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "accepted";
  }
  mortise_status argument(const char* name, mortise_value& value) {
    auto* command = run_->raw();
    return command->argument(command, str(name), &value);
  }

  Printed printed_;
  std::unique_ptr<CommandRun> run_;
};

TEST_F(Show, GivesTypedValuesAndDefaults) {
  run({{"id", "7"}, {"within", "2m"}, {"all", ""}});
  mortise_value value{};
  ASSERT_EQ(argument("id", value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_INTEGER);
  EXPECT_EQ(value.as.integer, 7);
  ASSERT_EQ(argument("within", value), MORTISE_OK);
  EXPECT_EQ(value.as.integer, 120'000);
  ASSERT_EQ(argument("limit", value), MORTISE_OK);
  EXPECT_EQ(value.as.integer, 1024);
  ASSERT_EQ(argument("form", value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_TEXT);
  EXPECT_EQ(copy(value.as.text), "long");
  ASSERT_EQ(argument("all", value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_BOOLEAN);
  EXPECT_EQ(value.as.boolean, 1);
  EXPECT_EQ(argument("colour", value), MORTISE_INVALID);
  run({{"id", "7"}});
  EXPECT_EQ(argument("within", value), MORTISE_NOT_FOUND);
  ASSERT_EQ(argument("all", value), MORTISE_OK);
  EXPECT_EQ(value.as.boolean, 0);
}

TEST_F(Show, RefusesWhatDoesNotFitBeforeTheModuleIsAsked) {
  EXPECT_EQ(refusal({}), "missing id: Which note");
  EXPECT_EQ(refusal({{"id", "many"}}), "id must be a whole number of at least 1, not \"many\"");
  EXPECT_EQ(refusal({{"id", "0"}}), "id must be a whole number of at least 1, not \"0\"");
  EXPECT_EQ(refusal({{"id", "1"}, {"form", "wide"}}), "--form must be one of long, short, not \"wide\"");
  EXPECT_TRUE(refusal({{"id", "1"}, {"within", "soon"}}).starts_with("--within must be a duration"));
  EXPECT_EQ(refusal({{"id", "1"}}), "accepted");
}

TEST_F(Show, WritesNothingThatSteersTheTerminal) {
  auto* command = run({{"id", "1"}}).raw();
  command->write(command, str("a\x1b[2Jb\n"));
  command->write_error(command, str("c\r"));
  EXPECT_EQ(printed_.out, "a?[2Jb\n");
  EXPECT_EQ(printed_.error, "c?");
}

TEST_F(Show, StopsWhenNobodyReads) {
  auto* command = run({{"id", "1"}}).raw();
  int told = 0;
  run_->whenStopped([&] { ++told; });
  EXPECT_EQ(command->stopped(command), 0);
  command->write(command, str("enough"));
  EXPECT_EQ(command->stopped(command), 1);
  run_->stop();
  EXPECT_EQ(told, 1);
  run_->whenStopped([&] { ++told; });
  EXPECT_EQ(told, 2) << "at once: it is stopped already";
}

// --- a module in C

struct Outcome {
  int status = -1;
  std::string failure;
  Printed printed;
};

Outcome ran(const std::string& name, const std::map<std::string, std::string>& given, bool stopAtOnce = false) {
  const auto file = moduleFile("commands");
  const auto manifest = std::make_shared<const Manifest>(Manifest::readFromFile(file));
  Outcome outcome;
  ModuleInstance instance(manifest, Library::open(file, *manifest), HostServices{});
  instance.create();
  for (const auto& command : manifest->commands) {
    if (command.name != name) continue;
    CommandRun run(command, given, outcome.printed.print());
    if (stopAtOnce) run.stop();
    try {
      outcome.status = instance.runCommand(run);
    } catch (const std::runtime_error& error) {
      outcome.failure = error.what();
    }
    EXPECT_EQ(instance.host().stopping().load(), stopAtOnce) << "outbound requests end with it";
  }
  return outcome;
}

TEST(ModuleInCommand, WritesAndEndsWithItsStatus) {
  const auto greeted = ran("greet", {{"name", "Ada"}});
  EXPECT_EQ(greeted.status, 0) << greeted.failure;
  EXPECT_EQ(greeted.printed.out, "hello Ada");
  EXPECT_EQ(greeted.printed.error, "said\n");
  EXPECT_EQ(ran("status", {{"code", "3"}}).status, 3);
}

TEST(ModuleInCommand, SaysWhyItFailed) {
  EXPECT_EQ(ran("fail", {}).failure, "there is no paper (no_paper)");
  EXPECT_EQ(ran("status", {{"code", "126"}}).failure, "the command ended with the exit status 126, expected 0 to 125");
}

TEST(ModuleInCommand, EndsWhenItIsAskedTo) { EXPECT_EQ(ran("wait", {}, true).status, 0); }

TEST(ModuleInCommand, IsDescribed) {
  EXPECT_NE(inspect(moduleFile("commands")).find("commanded greet"), std::string::npos);
}

}  // namespace
}  // namespace mortise::plugin
