#include "core/commands/backup_archive.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "core/base/unique_fd.hpp"

namespace mortise::commands {
namespace {

namespace fs = std::filesystem;

class BackupArchive : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    write("one", "first");
    write("two", std::string(700'000, 'x'));
    archive_ = directory_ + "/backup.tar.gz";
    fs::create_directory(directory_ + "/out");
  }
  void TearDown() override { fs::remove_all(directory_); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(directory_ + "/" + name, std::ios::binary) << content;
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(directory_ + "/" + name, std::ios::binary).rdbuf();
    return text.str();
  }
  std::size_t archive(const std::vector<ArchiveInput>& inputs) const {
    TemporaryFile part(directory_);
    return writeArchive(part, archive_, inputs);
  }
  std::vector<std::string> extract() const {
    const UniqueFd file(::open(archive_.c_str(), O_RDONLY | O_CLOEXEC));
    return extractArchive(file.get(), archive_, directory_ + "/out");
  }
  std::string refusal() const {
    try {
      extract();
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  std::string directory_ = "/tmp/mortise-archive-XXXXXX";
  std::string archive_;
};

TEST_F(BackupArchive, WhatWasWrittenComesBack) {
  archive({{"mortise.db", directory_ + "/one"}, {"blobs/aa/bb", directory_ + "/two"}});
  EXPECT_EQ(extract(), (std::vector<std::string>{"blobs/aa/bb", "mortise.db"}));
  EXPECT_EQ(read("out/mortise.db"), "first");
  EXPECT_EQ(read("out/blobs/aa/bb").size(), 700'000u);
  EXPECT_FALSE(fs::exists(archive_ + ".part"));
}

TEST_F(BackupArchive, ACutFileIsRefused) {
  archive({{"mortise.db", directory_ + "/one"}});
  fs::resize_file(archive_, fs::file_size(archive_) / 2);
  EXPECT_NE(refusal(), "");
}

TEST_F(BackupArchive, AnArchiveWithoutAListIsNoBackup) {
  ASSERT_EQ(std::system(("tar -C " + directory_ + " -czf " + archive_ + " one").c_str()), 0);
  EXPECT_NE(refusal().find("no readable list"), std::string::npos);
}

TEST_F(BackupArchive, NamesThatLeaveTheDirectoryAreRefused) {
  ASSERT_EQ(std::system(("tar -C " + directory_ + "/out -czPf " + archive_ + " ../one").c_str()), 0);
  EXPECT_NE(refusal().find("no plain file with a relative name"), std::string::npos);
}

TEST_F(BackupArchive, AMissingInputLeavesNothingBehind) {
  EXPECT_THROW(archive({{"mortise.db", directory_ + "/nowhere"}}), std::runtime_error);
  EXPECT_FALSE(fs::exists(archive_));
  EXPECT_FALSE(fs::exists(archive_ + ".part"));
}

TEST_F(BackupArchive, AnInputThatMayBeGoneIsLeftOut) {
  EXPECT_EQ(archive({{"mortise.db", directory_ + "/one"},
                     {"blobs/aa/bb", directory_ + "/nowhere", true},
                     {"blobs/aa/cc", directory_ + "/two", true},
                     {"blobs/aa/dd", directory_ + "/one/nowhere", true}}),
            2U);
  EXPECT_EQ(extract(), (std::vector<std::string>{"blobs/aa/cc", "mortise.db"}));
  EXPECT_EQ(read("out/blobs/aa/cc").size(), 700'000u);
}

// Who can write into the directory of the backups must not get the database and the secret.
TEST_F(BackupArchive, WhatWasPlantedInItsPlaceIsNotWrittenTo) {
  const std::string trap = directory_ + "/trap", nowhere = directory_ + "/nowhere";
  const std::pair<const char*, std::function<void(const std::string&)>> plants[] = {
      {"a link to a file", [&](const std::string& name) { fs::create_symlink(trap, name); }},
      {"a link to nothing", [&](const std::string& name) { fs::create_symlink(nowhere, name); }},
      {"a second name of a file", [&](const std::string& name) { fs::create_hard_link(trap, name); }},
      {"a file that everybody reads",
       [&](const std::string& name) {
         std::ofstream(name) << "planted";
         fs::permissions(name, fs::perms(0666));
       }},
      {"a pipe", [&](const std::string& name) { ASSERT_EQ(::mkfifo(name.c_str(), 0666), 0); }},
  };
  write("trap", "mine");
  for (const auto& [what, plant] : plants) {
    SCOPED_TRACE(what);
    for (const auto& name : {archive_, archive_ + ".part"}) {
      fs::remove(name);
      plant(name);
    }
    const UniqueFd planted(::open((archive_ + ".part").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    archive({{"mortise.db", directory_ + "/one"}});
    EXPECT_EQ(read("trap"), "mine");
    EXPECT_FALSE(fs::exists(nowhere));
    struct stat facts {};
    ASSERT_EQ(::lstat(archive_.c_str(), &facts), 0);
    EXPECT_TRUE(S_ISREG(facts.st_mode));
    EXPECT_EQ(facts.st_mode & 0777, 0600u);
    EXPECT_EQ(facts.st_nlink, 1u);
    std::string seen(100, '\0');
    if (planted.get() >= 0) {
      const auto count = ::read(planted.get(), seen.data(), seen.size());
      seen.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      EXPECT_THAT(seen, testing::AnyOf("", "mine", "planted")) << "whoever had it open gets nothing";
    }
    fs::remove_all(directory_ + "/out");
    fs::create_directory(directory_ + "/out");
    EXPECT_EQ(extract(), std::vector<std::string>{"mortise.db"});
  }
}

}  // namespace
}  // namespace mortise::commands
