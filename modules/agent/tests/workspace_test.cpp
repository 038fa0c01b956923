// The server's hands in directories that a box may change at any moment.
#include "sandbox/workspace.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "tests/peers/process.hpp"

namespace agent::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr Usage kPlenty{1ULL << 40, 1ULL << 40};

void makeFile(const std::string& path, std::size_t size = 1) { std::ofstream(path) << std::string(size, 'x'); }

// What `call` returns, run by a server that is not root.
int asNobody(const std::function<int()>& call) {
  const pid_t child = fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && (setresgid(kNobody, kNobody, kNobody) != 0 || setresuid(kNobody, kNobody, kNobody) != 0))
      _exit(100);
    try {
      _exit(call());
    } catch (const std::exception&) {
      _exit(101);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 102;
}

TEST(AWorkspace, BelongsToItsBoxAlone) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  Workspaces all(directory.path() + "/boxes", 300000);
  EXPECT_EQ(all.unreachable(), "");
  const auto one = all.prepare("one");
  const auto two = all.prepare("two");
  struct stat info {};
  ASSERT_EQ(stat(one.home.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  EXPECT_EQ(info.st_uid, one.user);
  if (geteuid() == 0) {
    EXPECT_EQ(one.user, 300000U);
    EXPECT_EQ(two.user, 300001U);
    ASSERT_EQ(stat(one.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0711U);
    EXPECT_TRUE(all.remove("one"));
    EXPECT_EQ(all.prepare("three").user, 300000U) << "the id is free again";
  }
  EXPECT_EQ(all.prepare("two").user, two.user) << "as long as its files are there";
}

TEST(AWorkspace, HasAnEmptyTmpAtEachStartAndKeepsItsHome) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  Workspaces all(directory.path() + "/boxes", 300000);
  const auto made = all.prepare("one");
  makeFile(made.home + "/kept");
  makeFile(made.temporary + "/.X1-lock");
  all.prepare("one");
  EXPECT_TRUE(fs::exists(made.home + "/kept"));
  EXPECT_TRUE(fs::is_empty(made.temporary));
}

TEST(AWorkspace, IsNamedByASessionAndNothingElse) {
  for (const auto* name : {"", ".", "..", "a/b", "/etc", ".lock", "a.b", "a b"})
    EXPECT_FALSE(Workspaces::isName(name)) << name;
  EXPECT_TRUE(Workspaces::isName("0d3c1a6e-1111-4222-8333-abcdefabcdef"));
}

TEST(AWorkspace, IsRemovedHoweverItLooksInside) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  const mortise::peers::TempDirectory outside("agent-outside");
  makeFile(outside.path() + "/precious");
  Workspaces all(directory.path() + "/boxes", 300000);
  const auto made = all.prepare("one");
  fs::create_symlink(outside.path(), made.home + "/link");
  fs::create_symlink("/nowhere", made.home + "/broken");
  ASSERT_EQ(mkfifo((made.home + "/fifo").c_str(), 0600), 0);
  makeFile(made.home + "/.removed-1");
  fs::create_directory(made.home + "/closed");
  makeFile(made.home + "/closed/file");
  fs::permissions(made.home + "/closed", fs::perms::none);
  // Deeper than any path may be long.
  int at = open(made.home.c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 3000; ++i) {
    ASSERT_EQ(mkdirat(at, "directory", 0700), 0);
    const int next = openat(at, "directory", O_RDONLY | O_DIRECTORY);
    close(at);
    at = next;
  }
  close(at);
  EXPECT_GT(Workspaces::measure(made, {1ULL << 40, 100000}).files, 100000U) << "too deep counts as too much";
  EXPECT_TRUE(all.remove("one"));
  EXPECT_FALSE(fs::exists(made.path));
  EXPECT_TRUE(fs::exists(outside.path() + "/precious"));
  EXPECT_TRUE(all.remove("one")) << "what is not there";
}

TEST(AWorkspace, IsMeasured) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  Workspaces all(directory.path() + "/boxes", 300000);
  const auto made = all.prepare("one");
  fs::create_symlink("/usr", made.home + "/usr");
  fs::create_directories(made.home + "/a/b");
  makeFile(made.home + "/a/b/file", 100000);
  makeFile(made.temporary + "/other", 100000);
  const auto usage = Workspaces::measure(made, kPlenty);
  EXPECT_EQ(usage.files, 5U);
  EXPECT_GE(usage.bytes, 200000U);
  EXPECT_LT(usage.bytes, 400000U);
}

TEST(AWorkspace, IsMeasuredAlsoWhereItsOwnerClosedIt) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  fs::permissions(directory.path(), fs::perms::all);
  EXPECT_EQ(asNobody([&] {
              Workspaces all(directory.path() + "/boxes", 300000);
              const auto made = all.prepare("one");
              const auto bytes = [&] { return Workspaces::measure(made, kPlenty).bytes; };
              int faults = 0;
              for (const mode_t mode : {0300U, 0600U, 0000U}) {
                const auto closed = made.home + "/" + std::to_string(mode);
                const auto before = bytes();
                fs::create_directory(closed);
                makeFile(closed + "/file", 100000);
                chmod(closed.c_str(), mode);
                if (bytes() < before + 100000) ++faults;
              }
              const auto whole = bytes();
              chmod(made.home.c_str(), 0300);
              if (bytes() < whole) ++faults;
              return faults;
            }),
            0);
}

TEST(AWorkspace, IsPreparedAgainWhateverItsBoxLeft) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  fs::permissions(directory.path(), fs::perms::all);
  const auto prepares = [&] {
    Workspaces all(directory.path() + "/boxes", 300000);
    const auto made = all.prepare("one");
    fs::create_directories(made.temporary + "/.removed-1/c/d");
    fs::create_directories(made.temporary + "/x/y/z");
    makeFile(made.temporary + "/.removed-2");
    chmod(made.temporary.c_str(), 0);
    chmod(made.home.c_str(), 0);
    all.prepare("one");
    return fs::is_empty(made.temporary) && all.remove("one") ? 0 : 1;
  };
  EXPECT_EQ(asNobody(prepares), 0);
  if (geteuid() == 0) {
    fs::remove_all(directory.path() + "/boxes");
    EXPECT_EQ(prepares(), 0);
  }
}

TEST(AWorkspace, OfAUserWhoIsNoBoxIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "boxes have users of their own only below root";
  const mortise::peers::TempDirectory directory("agent-workspaces");
  Workspaces all(directory.path() + "/boxes", 300000);
  const auto made = all.prepare("one");
  for (const uid_t user : {1000U, 299999U, 310000U}) {
    ASSERT_EQ(chown(made.home.c_str(), user, user), 0);
    EXPECT_THROW(all.prepare("one"), std::runtime_error) << user;
  }
  ASSERT_EQ(chown(made.home.c_str(), 309999, 309999), 0);
  EXPECT_EQ(all.prepare("one").user, 309999U);
}

// The rule that makes it safe: while a box exchanges a directory and a link to elsewhere as fast as it can, no look-up
// leaves the workspace.
TEST(AWorkspace, IsNeverLeftByALinkThatIsSwappedIn) {
  const mortise::peers::TempDirectory directory("agent-workspaces");
  fs::create_directory(directory.path() + "/inside");
  fs::create_directory(directory.path() + "/inside/name");
  fs::create_symlink("/etc", directory.path() + "/inside/other");
  const Fd inside(open((directory.path() + "/inside").c_str(), O_RDONLY | O_DIRECTORY));
  struct stat etc {};
  ASSERT_EQ(stat("/etc", &etc), 0);
  ASSERT_FALSE(openDirectoryBelow(inside.get(), "../inside"));
  ASSERT_FALSE(openDirectoryBelow(inside.get(), "other"));
  ASSERT_TRUE(openDirectoryBelow(inside.get(), "name"));

  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    while (!stop) syscall(SYS_renameat2, inside.get(), "name", inside.get(), "other", RENAME_EXCHANGE);
  });
  int opened = 0;
  int escaped = 0;
  for (int i = 0; i < 100000; ++i) {
    const auto fd = openDirectoryBelow(inside.get(), "name");
    if (!fd) continue;
    ++opened;
    struct stat info {};
    ASSERT_EQ(fstat(fd.get(), &info), 0);
    if (info.st_ino == etc.st_ino && info.st_dev == etc.st_dev) ++escaped;
  }
  stop = true;
  swapper.join();
  EXPECT_EQ(escaped, 0);
  EXPECT_GT(opened, 0);
}

}  // namespace
}  // namespace agent::sandbox
