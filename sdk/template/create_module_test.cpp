#include "sdk/template/create_module.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace mortise::project {
namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

class Project : public ::testing::Test {
 protected:
  Project() {
    char pattern[] = "/tmp/template_testXXXXXX";
    root_ = mkdtemp(pattern);
  }
  ~Project() override { fs::remove_all(root_); }

  // Fails the test with the command's output when it fails.
  void run(const std::string& command) {
    const auto log = (root_ / "log").string();
    if (std::system((command + " > " + log + " 2>&1").c_str()) == 0) return;
    std::ostringstream text;
    text << std::ifstream(log).rdbuf();
    FAIL() << command << "\n" << text.str();
  }
  // Configures and builds `source` against the SDK installed under root_/sdk, tests it, and looks at what it exports.
  void build(const fs::path& source, const std::string& name, const std::string& flags) {
    const auto where = (root_ / ("build_" + name)).string();
    fs::remove_all(where);
    run("cmake -S " + source.string() + " -B " + where + " -DCMAKE_PREFIX_PATH=" + (root_ / "sdk").string() + " " +
        flags);
    if (HasFatalFailure()) return;
    run("cmake --build " + where);
    if (HasFatalFailure()) return;
    // A test kit with a sanitizer needs a program that was built with it.
    if (!kIsSanitized) run("ctest --test-dir " + where + " --output-on-failure");
    run("cmake -DNM=nm -DFILE=" + where + "/" + name + ".so -P " SDK_SOURCE "/cmake/CheckSymbols.cmake");
  }
  void install() { run("cmake --install " SDK_BUILD " --component sdk --prefix " + (root_ / "sdk").string()); }

  fs::path root_;
};

const std::string kStrict = "-Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror";
const std::string kGcc = "-DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_FLAGS='" + kStrict + "'";
const std::string kClang =
    "-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_FLAGS='-stdlib=libc++ " + kStrict + "'";

TEST_F(Project, BuildsWithBothCompilersAgainstTheInstalledSdk) {
  install();
  const auto files = createModule("daily_notes", root_ / "daily_notes");
  EXPECT_THAT(files, ::testing::Contains("contracts/daily_notes.yaml"));
  EXPECT_THAT(files, ::testing::Contains("note_store.hpp"));
  for (const auto& compiler : {kGcc, kClang}) {
    build(root_ / "daily_notes", "daily_notes", compiler);
    if (HasFatalFailure()) return;
    // GoogleTest is not made with libc++.
    if (compiler == kGcc) run("test -x " + (root_ / "build_daily_notes/daily_notes_store_test").string());
    run("MORTISE_TEMPLATE_MODULE=" + (root_ / "build_daily_notes/daily_notes.so").string() +
        " " EXAMPLES_TEST " --gtest_filter=NewModule.*");
  }
}

TEST_F(Project, ExamplesBuildOutsideTheTree) {
  install();
  std::string folders;
  for (const std::string name : {"hello", "greeter", "ticker", "tally", "bookmarks"}) {
    fs::copy(fs::path(SDK_SOURCE) / "examples" / name, root_ / name, fs::copy_options::recursive);
    build(root_ / name, name, kClang + " -DBUILD_TESTING=OFF");  // GoogleTest is not made with libc++
    if (HasFatalFailure()) return;
    folders += (root_ / ("build_" + name)).string() + ":";
  }
  // Made by clang with libc++, they run in this kernel, which is not.
  run("MORTISE_TEST_MODULES=" + folders + " " EXAMPLES_TEST " --gtest_filter=Hello*:Greeter*:Ticker*:Tally*:Examples*");
  run("make -C " + (root_ / "tally").string() + " MORTISE=" + (root_ / "sdk").string());
  run("cmake -DNM=nm -DFILE=" + (root_ / "tally/tally.so").string() + " -P " SDK_SOURCE "/cmake/CheckSymbols.cmake");
}

TEST_F(Project, TestsOfAnExampleRunThroughTheInstalledTestKit) {
  install();
  fs::copy(fs::path(SDK_SOURCE) / "examples/bookmarks", root_ / "bookmarks", fs::copy_options::recursive);
  build(root_ / "bookmarks", "bookmarks", kGcc);
}

TEST_F(Project, LeavesNoPlaceholderBehind) {
  for (const auto& file : createModule("notes", root_ / "notes")) {
    std::ostringstream text;
    text << std::ifstream(root_ / "notes" / file).rdbuf();
    EXPECT_THAT(file + text.str(), ::testing::Not(::testing::ContainsRegex("@[nN]ame@"))) << file;
  }
}

TEST_F(Project, RefusesBadNamesAndFullFolders) {
  EXPECT_THROW(createModule("Notes", root_ / "a"), std::runtime_error);
  EXPECT_THROW(createModule("kernel", root_ / "a"), std::runtime_error);
  EXPECT_THROW(createModule("../x", root_ / "a"), std::runtime_error);
  EXPECT_FALSE(fs::exists(root_ / "a"));
  fs::create_directory(root_ / "full");
  std::ofstream(root_ / "full" / "mine") << "x";
  EXPECT_THROW(createModule("notes", root_ / "full"), std::runtime_error);
}

}  // namespace
}  // namespace mortise::project
