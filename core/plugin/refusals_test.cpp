// Every way in which a file can be refused, and the sentence for the operator.
#include <gtest/gtest.h>

#include <fstream>

#include "core/contract/route_table.hpp"
#include "core/db/migrations.hpp"
#include "core/db/sql.hpp"
#include "core/plugin/module_files_testing.hpp"
#include "core/plugin/scratch_services.hpp"

namespace mortise::plugin {
namespace {

using testing::moduleFile;
using testing::ScratchDirectory;

// Loads the file as far as the kernel would; returns the refusal without the directory, or "started".
std::string outcome(const std::string& file) {
  const auto shown = [&](std::string text) {
    const auto directory = std::filesystem::path(file).parent_path().string() + "/";
    for (auto at = text.find(directory); at != std::string::npos; at = text.find(directory))
      text.erase(at, directory.size());
    return text;
  };
  try {
    const auto manifest = std::make_shared<const Manifest>(Manifest::readFromFile(file));
    requireServedSdk(*manifest);
    const Manifest* const all[] = {manifest.get()};
    const auto plan = planStart(all);
    if (!plan.refused.empty()) throw plan.refused.front();
    ModuleInstance instance(manifest, Library::open(file, *manifest), HostServices{});
    instance.create();
    instance.start();
    return "started";
  } catch (const Refusal& refusal) {
    return shown(refusal.what());
  }
}

struct Row {
  const char* module;
  const char* sentence;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.module; }

class IllMade : public ::testing::TestWithParam<Row> {};

TEST_P(IllMade, IsRefusedWithTheWholeStory) { EXPECT_EQ(outcome(moduleFile(GetParam().module)), GetParam().sentence); }

const Row kRows[] = {
    {"well_made", "started"},
    {"no_descriptor",
     "no_descriptor.so: exports no mortise_module_v1; build it with mortise_add_module(). Not loaded."},
    {"exports_nothing",
     "exports_nothing.so: exports no mortise_module_v1; build it with mortise_add_module(). Not loaded."},
    {"function_for_descriptor",
     "function_for_descriptor.so: expected mortise_module_v1 to be a mortise_module of 96 bytes, found a function; "
     "build it with "
     "mortise_add_module(). Not loaded."},
    {"short_descriptor",
     "short_descriptor.so: expected a mortise_module_v1 of at least 88 bytes, found 16; set struct_size to "
     "sizeof(mortise_module). "
     "Not loaded."},
    {"long_descriptor",
     "long_descriptor.so: says its mortise_module_v1 has 4096 bytes, found 96; set struct_size to "
     "sizeof(mortise_module). Not loaded."},
    {"major_from_the_future",
     "major_from_the_future.so: wants SDK 2.1, this kernel serves 1.1; run a newer kernel. Not loaded."},
    {"minor_from_the_future",
     "minor_from_the_future.so: wants SDK 1.7, this kernel serves 1.1; run a newer kernel. Not loaded."},
    {"sdk_from_the_future",
     "sdk_from_the_future.so: wants SDK 1.7, this kernel serves 1.1; run a newer kernel. Not loaded."},
    {"manifest_from_the_future",
     "manifest_from_the_future.so: its manifest has format 2, this kernel reads format 1; run a newer kernel. Not "
     "loaded."},
    {"bad_manifest",
     "bad_manifest.so: its manifest is not JSON: invalid value at byte 31; build it with mortise_add_module(). Not "
     "loaded."},
    {"no_name", "no_name.so: its manifest lacks module.name; build it with mortise_add_module(). Not loaded."},
    {"no_manifest",
     "no_manifest.so: has no section .mortise.manifest; build it with mortise_add_module(). Not loaded."},
    {"other_manifest",
     "other_manifest.so: expected its manifest in memory to be that of section .mortise.manifest, found another one; "
     "build it with "
     "mortise_add_module(). Not loaded."},
    {"no_create", "no_create.so: has no create function; build it with mortise_add_module(). Not loaded."},
    {"no_handle",
     "no_handle.so: has no handle function, its contracts have operations; build it with mortise_add_module(). Not "
     "loaded."},
    {"undefined_symbol",
     "undefined_symbol.so: can't be loaded: undefined_symbol.so: undefined symbol: missing_function; install what it "
     "misses, or build it "
     "on this system. Not loaded."},
    {"newer_interface",
     "newer_interface.so: needs interface db/2, this kernel serves db/1; run a newer kernel. Not loaded."},
    {"unknown_interface",
     "unknown_interface.so: needs interface moon.phase/1, which neither this kernel nor an enabled module serves; "
     "enable the module that "
     "provides it, or run a newer kernel. Not loaded."},
    {"handler_without_operation",
     "handler_without_operation.so: has a handler for hallo, which no contract has (did you mean hello?); use the same "
     "names in contract, "
     "manifest and code. Not loaded."},
    {"operation_without_handler",
     "operation_without_handler.so: has no handler for goodbye (contracts/test.yaml:12); use the same names in "
     "contract, manifest and "
     "code. Not loaded."},
    {"job_without_function",
     "job_without_function.so: has no function for the job sweep of its manifest; use the same names in contract, "
     "manifest and code. "
     "Not loaded."},
    {"commands", "started"},
    {"command_without_function",
     "command_without_function.so: has no function for the command print of its manifest; use the same names in "
     "contract, manifest and code. Not loaded."},
    {"no_run_command",
     "no_run_command.so: has no run_command function, its manifest has commands; build it with mortise_add_module(). "
     "Not loaded."},
    {"create_fails", "create_fails.so: could not be created: the model file is missing (no_model). Not loaded."},
    {"create_fails_silently", "create_fails_silently.so: could not be created: status 6, no reason given. Not loaded."},
    {"start_fails", "start_fails.so: could not be started: port 9 is taken. Not loaded."},
    {"throws_in_create",
     "throws_in_create.so: threw while it was created: something that is not a std::exception; ask its author. Not "
     "loaded."},
    {"throws_in_start", "throws_in_start.so: threw while it started: no disk; ask its author. Not loaded."},
    {"throws_in_bindings", "throws_in_bindings.so: threw while it listed its bindings; ask its author. Not loaded."},
};
INSTANTIATE_TEST_SUITE_P(Modules, IllMade, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.module; });

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string written(const ScratchDirectory& scratch, const std::string& name, const std::string& bytes) {
  const auto file = scratch.path() + "/" + name;
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

TEST(Refusals, AMissingFileIsNamed) {
  EXPECT_EQ(outcome("/nowhere/gone.so"),
            "gone.so: can't be opened: No such file or directory; check the path and its permissions. Not loaded.");
}

TEST(Refusals, ADirectoryIsNoModule) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch.path() + "/notes.so");
  EXPECT_EQ(outcome(scratch.path() + "/notes.so"),
            "notes.so: expected a module file (.so), found something that is not a regular file; check the path. Not "
            "loaded.");
}

TEST(Refusals, AnEmptyFileIsNoModule) {
  const ScratchDirectory scratch;
  EXPECT_EQ(outcome(written(scratch, "notes.so", "")),
            "notes.so: expected a shared library (ELF), found an empty file; build it with mortise_add_module(). Not "
            "loaded.");
}

TEST(Refusals, ATextFileIsNoModule) {
  const ScratchDirectory scratch;
  EXPECT_EQ(outcome(written(scratch, "notes.so", "#!/bin/sh\necho hello\n")),
            "notes.so: expected a shared library (ELF), found another kind of file; build it with "
            "mortise_add_module(). Not loaded.");
}

TEST(Refusals, AProgramIsNoModule) {
  const ScratchDirectory scratch;
  auto bytes = contents(moduleFile("well_made"));
  bytes[16] = 2;  // e_type: ET_EXEC
  EXPECT_EQ(outcome(written(scratch, "notes.so", bytes)),
            "notes.so: expected a shared library, found a program; build it with mortise_add_module(). Not loaded.");
}

TEST(Refusals, ALibraryForAnotherMachineIsRefused) {
  const ScratchDirectory scratch;
  auto bytes = contents(moduleFile("well_made"));
  bytes[18] = 40;  // e_machine: ARM
  EXPECT_EQ(
      outcome(written(scratch, "notes.so", bytes)),
      "notes.so: expected a library for x86-64, found one for machine 40; build it for this machine. Not loaded.");
}

TEST(Refusals, ATruncatedFileIsRefusedWhereverItWasCut) {
  const ScratchDirectory scratch;
  const auto whole = contents(moduleFile("well_made"));
  ASSERT_GT(whole.size(), 4000u);
  for (const std::size_t size :
       {std::size_t{5}, std::size_t{63}, std::size_t{100}, std::size_t{1000}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_EQ(outcome(written(scratch, "notes.so", whole.substr(0, size))),
              "notes.so: expected a whole shared library, found one cut off after " + std::to_string(size) +
                  " bytes; copy the file again. Not loaded.");
  }
}

TEST(Refusals, AnyFlippedByteIsRefusedOrReadNeverACrash) {
  const auto whole = contents(moduleFile("well_made"));
  const ScratchDirectory scratch;
  for (std::size_t at = 0; at < whole.size(); at += at < 1024 ? 1 : 97) {
    auto bytes = whole;
    bytes[at] = static_cast<char>(~bytes[at]);
    const auto file = written(scratch, "notes.so", bytes);
    try {
      Manifest::readFromFile(file);
    } catch (const Refusal& refusal) {
      EXPECT_TRUE(std::string(refusal.what()).ends_with(". Not loaded.")) << refusal.what();
    }
  }
}

TEST(Refusals, TwoModulesThatClaimOneRouteAreBothNamed) {
  std::vector<contract::CompiledDocument> documents;
  for (const auto* name : {"route_one", "route_two"}) {
    const auto manifest = Manifest::readFromFile(moduleFile(name));
    for (const auto& source : manifest.contracts) documents.push_back(contract::compile(source));
  }
  try {
    const contract::RouteTable routes(std::move(documents));
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("route_one"), std::string::npos) << text;
    EXPECT_NE(text.find("route_two"), std::string::npos) << text;
    EXPECT_NE(text.find("GET /api/test/hello"), std::string::npos) << text;
  }
}

TEST(Refusals, AMigrationThatWasChangedAfterItRanStopsTheModule) {
  const ScratchDirectory scratch;
  const auto old = Manifest::readFromFile(moduleFile("migration_old"));
  const auto changed = Manifest::readFromFile(moduleFile("migration_new"));
  const ScratchServices services(scratch.path(), old);
  EXPECT_EQ(db::migrate(*services.services().database, old.name, old.migrations).applied.size(), 1u);
  try {
    db::migrate(*services.services().database, changed.name, changed.migrations);
    FAIL() << "accepted";
  } catch (const db::Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("migrated: migration 001_things.sql was changed after it was applied"), std::string::npos)
        << text;
  }
}

TEST(Refusals, BinariesOfEarlierReleasesLoadForEver) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(MORTISE_ABI_RELEASED, missing)) {
    if (entry.path().extension() != ".so") continue;
    const ScratchDirectory scratch;
    const auto file = entry.path().string();
    const auto manifest = std::make_shared<const Manifest>(Manifest::readFromFile(file));
    const ScratchServices services(scratch.path(), *manifest);
    db::migrate(*services.services().database, manifest->name, manifest->migrations);
    ModuleInstance instance(manifest, Library::open(file, *manifest), services.services());
    EXPECT_NO_THROW(instance.create()) << file;
    EXPECT_NO_THROW(instance.start()) << file;
  }
}

}  // namespace
}  // namespace mortise::plugin
