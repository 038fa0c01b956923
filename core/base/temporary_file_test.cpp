#include "core/base/temporary_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/base/identifiers.hpp"
#include "core/base/sha256.hpp"
#include "core/base/text.hpp"

namespace mortise {
namespace {

namespace fs = std::filesystem;

class TemporaryFileTest : public testing::Test {
 protected:
  TemporaryFileTest() { fs::create_directories(folder_); }
  ~TemporaryFileTest() override { fs::remove_all(folder_); }
  std::size_t names() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {})); }
  std::string content(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  const std::string folder_ = fs::temp_directory_path().string() + "/mortise-tf-" + uuid4();
};

TEST_F(TemporaryFileTest, HasNoNameUntilItIsGivenOne) {
  TemporaryFile file(folder_);
  file.write("half ");
  file.write("and half");
  EXPECT_EQ(file.size(), 13u);
  EXPECT_EQ(names(), 0u);
  ASSERT_TRUE(nameFile(file.fd(), folder_ + "/whole", folder_));
  EXPECT_EQ(names(), 1u);
  EXPECT_EQ(content("whole"), "half and half");
  EXPECT_EQ(fs::status(folder_ + "/whole").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(TemporaryFileTest, IsKeptUnderANameOrGone) {
  {
    TemporaryFile dropped(folder_);
    dropped.write("dropped");
  }
  EXPECT_EQ(names(), 0u);
  TemporaryFile file(folder_);
  file.write("kept");
  file.sync();
  file.keepAs(folder_ + "/kept");
  EXPECT_EQ(content("kept"), "kept");
  TemporaryFile nameless(folder_);
  nameless.write("released");
  const UniqueFd fd = nameless.release();
  char bytes[16];
  EXPECT_EQ(::pread(fd.get(), bytes, sizeof bytes, 0), 8);
  EXPECT_EQ(names(), 1u);
}

TEST_F(TemporaryFileTest, ReplacesAFileOfThatNameInOneStep) {
  std::ofstream(folder_ + "/whole") << "old";
  TemporaryFile file(folder_);
  file.write("new");
  ASSERT_TRUE(nameFile(file.fd(), folder_ + "/whole", folder_));
  EXPECT_EQ(content("whole"), "new");
  EXPECT_EQ(names(), 1u);
}

TEST_F(TemporaryFileTest, AFileThatHasANameKeepsIt) {
  std::ofstream(folder_ + "/named") << "x";
  const UniqueFd named(::open((folder_ + "/named").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(nameFile(named.get(), folder_ + "/other", folder_));
  EXPECT_EQ(names(), 1u);
}

TEST_F(TemporaryFileTest, AFileThatLostItsNameIsToBeCopied) {
  std::ofstream(folder_ + "/named") << "x";
  const UniqueFd named(::open((folder_ + "/named").c_str(), O_RDONLY | O_CLOEXEC));
  fs::remove(folder_ + "/named");
  EXPECT_FALSE(nameFile(named.get(), folder_ + "/other", folder_));
  EXPECT_EQ(names(), 0u);
  std::ofstream(folder_ + "/other") << "y";
  EXPECT_FALSE(nameFile(named.get(), folder_ + "/other", folder_))
      << "also where another file has the name that it wants";
  EXPECT_EQ(names(), 1u);
}

TEST_F(TemporaryFileTest, KeepsWhatTheDiskWasAskedToWriteEarly) {
  TemporaryFile file(folder_);
  Sha256 digest;
  const std::string piece(1 << 20, 'p');
  for (int i = 0; i < 60; ++i) {
    file.write(piece);
    digest.add(piece);
  }
  ASSERT_TRUE(nameFile(file.fd(), folder_ + "/whole", folder_));
  EXPECT_EQ(text::hex(sha256(content("whole"))), digest.hex());
}

TEST_F(TemporaryFileTest, SaysWhyItCanNotBeMade) {
  try {
    TemporaryFile file(folder_ + "/missing");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), ENOENT);
  }
}

}  // namespace
}  // namespace mortise
