#include "core/base/whole_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace mortise {
namespace {

namespace fs = std::filesystem;

class WholeFile : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(folder_.data()), nullptr); }
  void TearDown() override { fs::remove_all(folder_); }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string folder_ = "/tmp/mortise-whole-file-XXXXXX";
};

TEST_F(WholeFile, ReplacesWhatWasThereAndIsItsOwners) {
  const auto path = folder_ + "/node";
  writeWholeFile(path, "a longer content\n");
  writeWholeFile(path, "new\n");
  EXPECT_EQ(read(path), "new\n");
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1) << "nothing beside it";
}

TEST_F(WholeFile, AFailureSaysWhyAndLeavesTheOldContent) {
  const auto path = folder_ + "/node";
  fs::create_directory(path);  // a file can't be renamed onto it
  try {
    writeWholeFile(path, "new\n");
    FAIL() << "it was written";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()), "can't write " + path + ": Is a directory");
  }
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1) << "nothing beside it";
  EXPECT_THROW(writeWholeFile(folder_ + "/nowhere/node", "new\n"), std::runtime_error);
}

}  // namespace
}  // namespace mortise
