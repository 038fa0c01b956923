#include "sandbox/box_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/peers/process.hpp"

namespace agent::sandbox {
namespace {

namespace fs = std::filesystem;

std::string readFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

constexpr const char* kMounts =
    "30 24 0:26 / /sys/fs/cgroup/unified rw,relatime shared:4 - cgroup2 cgroup2 rw\n"
    "31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 24 0:28 /docker/abc /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "34 24 0:30 / /proc rw - proc proc rw\n";
constexpr const char* kGroups =
    "4:memory:/box/one\n8:pids:/docker/abc/two\n1:cpu,cpuacct:/\n0::/user.slice/mortise.service\n";

TEST(ControlGroups, AreFoundWhereThisProcessIs) {
  EXPECT_EQ(groupDirectory2(kMounts, kGroups), "/sys/fs/cgroup/unified/user.slice/mortise.service");
  const auto at = groupDirectories1(kMounts, kGroups);
  EXPECT_EQ(at.memory, "/sys/fs/cgroup/memory/box/one");
  EXPECT_EQ(at.pids, "/sys/fs/cgroup/pids/two");
  EXPECT_EQ(at.cpu, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(groupDirectory2("", kGroups), "");
  EXPECT_EQ(groupDirectories1("", "").memory, "");
}

// A directory in place of the kernel's: what is written, not what it does.
TEST(ControlGroups, OfVersion2SayTheirLimits) {
  const mortise::peers::TempDirectory directory("agent-groups");
  std::ofstream(directory.path() + "/cgroup.controllers") << "cpuset cpu io memory pids\n";
  std::ofstream(directory.path() + "/cgroup.subtree_control") << "cpu memory pids\n";
  std::ofstream(directory.path() + "/cgroup.procs") << "";
  const auto maker = makeGroups2(directory.path());
  EXPECT_EQ(maker->name(), "cgroup2");
  EXPECT_THROW(maker->make({}), std::runtime_error) << "the kernel makes these files, a directory does not";
  EXPECT_TRUE(fs::exists(directory.path() + "/cgroup.procs"));
  for (const auto& entry : fs::directory_iterator(directory.path()))
    EXPECT_FALSE(entry.is_directory()) << "nothing is left: " << entry;
}

TEST(ControlGroups, OfVersion2AreGivenToTheBoxesByAServerThatMovesAside) {
  const mortise::peers::TempDirectory directory("agent-groups");
  std::ofstream(directory.path() + "/cgroup.controllers") << "memory pids\n";
  std::ofstream(directory.path() + "/cgroup.subtree_control") << "";
  std::ofstream(directory.path() + "/cgroup.procs") << "";
  fs::create_directory(directory.path() + "/mortise-server");
  std::ofstream(directory.path() + "/mortise-server/cgroup.procs") << "";
  std::ofstream(directory.path() + "/cgroup.procs") << "4711\n";
  makeGroups2(directory.path());
  EXPECT_EQ(readFile(directory.path() + "/mortise-server/cgroup.procs"), "4711");
  EXPECT_EQ(readFile(directory.path() + "/cgroup.subtree_control"), "+memory +pids");
}

TEST(ControlGroups, OfVersion2NeedTheirControllers) {
  const mortise::peers::TempDirectory directory("agent-groups");
  std::ofstream(directory.path() + "/cgroup.controllers") << "hugetlb\n";
  EXPECT_THROW(makeGroups2(directory.path()), std::runtime_error);
}

TEST(TheLimits, AreOnesThatThisMachineHas) {
  const auto chosen = chooseLimits("auto");
  EXPECT_THAT(std::string(chosen.maker->name()), testing::AnyOf("cgroup2", "cgroup1", "watchdog"));
  EXPECT_EQ(chosen.maker->watches(), chosen.maker->name() == "watchdog");
  if (chosen.maker->watches()) {
    EXPECT_NE(chosen.detail, "");
  }
  const auto group = chosen.maker->make({64ULL << 20, 10, 50});
  for (const auto& path : group.directories) EXPECT_TRUE(fs::exists(path));
  EXPECT_TRUE(removeGroup(group));
  EXPECT_TRUE(removeGroup(group)) << "what is gone is gone";
  EXPECT_TRUE(chooseLimits("watchdog").maker->watches());
}

}  // namespace
}  // namespace agent::sandbox
