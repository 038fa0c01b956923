#include "box_limits.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "words.hpp"

namespace agent::sandbox {
namespace {

constexpr std::string_view kPrefix = "mortise-box-";
constexpr std::uint32_t kOwnProcesses = 64;  // helper, keepers and file operations
constexpr std::uint32_t kPeriod = 100000;    // microseconds

std::string errorText(const std::string& what) { return what + ": " + std::strerror(errno); }

void writeFile(const std::string& path, std::string_view text) {
  const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error(errorText(path));
}

std::string readFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

Fd entryOf(const std::string& directory) {
  Fd file(open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) throw std::runtime_error(errorText(directory + "/cgroup.procs"));
  return file;
}

std::string nextName() {
  static std::atomic<unsigned> count{0};
  return std::string(kPrefix) + std::to_string(getpid()) + "-" + std::to_string(++count);
}

void makeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw std::runtime_error(errorText(path));
}

// Groups whose server is gone.
void sweepGroups(const std::string& base) {
  DIR* const directory = opendir(base.c_str());
  if (directory == nullptr) return;
  while (const dirent* const entry = readdir(directory)) {
    const std::string_view name(entry->d_name);
    if (!name.starts_with(kPrefix)) continue;
    pid_t server = 0;
    const auto number = name.substr(kPrefix.size());
    std::from_chars(number.data(), number.data() + number.size(), server);
    if (server <= 0 || (kill(server, 0) != 0 && errno == ESRCH)) rmdir((base + "/" + std::string(name)).c_str());
  }
  closedir(directory);
}

// Removes what a failed make() has made.
class Making {
 public:
  ~Making() {
    if (!done_) removeGroup(group);
  }
  BoxGroup finish() {
    done_ = true;
    return std::move(group);
  }
  std::string add(const std::string& base, const std::string& name) {
    const auto path = base + "/" + name;
    makeDirectory(path);
    group.directories.push_back(path);
    return path;
  }
  BoxGroup group;

 private:
  bool done_ = false;
};

// Whether a file of the kernel, one line of words, has this one.
bool lists(const std::string& file, std::string_view word) {
  auto words = readFile(file);
  words.erase(words.find_last_not_of(" \n") + 1);
  return hasWord(words, word, ' ');
}

class Groups2 final : public GroupMaker {
 public:
  explicit Groups2(std::string base) : base_(std::move(base)) {
    const auto controllers = base_ + "/cgroup.controllers";
    for (const auto* name : {"memory", "pids"}) {
      if (!lists(controllers, name))
        throw std::runtime_error(base_ + " has no controller " + name + "; the unit needs Delegate=yes");
    }
    cpu_ = lists(controllers, "cpu");
    enable();
  }
  std::string_view name() const override { return "cgroup2"; }
  BoxGroup make(const BoxLimits& limits) override {
    Making making;
    const auto path = making.add(base_, nextName());
    writeFile(path + "/memory.max", std::to_string(limits.memory));
    if (access((path + "/memory.swap.max").c_str(), W_OK) == 0) writeFile(path + "/memory.swap.max", "0");
    writeFile(path + "/memory.oom.group", "0");
    writeFile(path + "/pids.max", std::to_string(limits.processes + kOwnProcesses));
    if (cpu_)
      writeFile(path + "/cpu.max",
                std::to_string(std::uint64_t{limits.cpuPercent} * kPeriod / 100) + " " + std::to_string(kPeriod));
    making.group.entries.push_back(entryOf(path));
    return making.finish();
  }

 private:
  // A group with controllers for those below may hold no process itself.
  void enable() {
    const auto control = base_ + "/cgroup.subtree_control";
    if (lists(control, "memory") && lists(control, "pids") && (!cpu_ || lists(control, "cpu"))) return;
    const auto own = base_ + "/mortise-server";
    std::istringstream processes(readFile(base_ + "/cgroup.procs"));
    std::string pid;
    bool hasGroup = false;
    while (std::getline(processes, pid)) {
      if (!hasGroup) makeDirectory(own);
      hasGroup = true;
      writeFile(own + "/cgroup.procs", pid);
    }
    writeFile(control, cpu_ ? "+memory +pids +cpu" : "+memory +pids");
  }

  std::string base_;
  bool cpu_ = false;
};

class Groups1 final : public GroupMaker {
 public:
  explicit Groups1(Hierarchies at) : at_(std::move(at)) {
    if (at_.memory.empty() || at_.pids.empty())
      throw std::runtime_error("the hierarchies memory and pids of cgroup v1 are not mounted");
  }
  std::string_view name() const override { return "cgroup1"; }
  BoxGroup make(const BoxLimits& limits) override {
    Making making;
    const auto name = nextName();
    const auto memory = making.add(at_.memory, name);
    writeFile(memory + "/memory.limit_in_bytes", std::to_string(limits.memory));
    if (const auto swap = memory + "/memory.memsw.limit_in_bytes"; access(swap.c_str(), W_OK) == 0)
      writeFile(swap, std::to_string(limits.memory));
    making.group.entries.push_back(entryOf(memory));
    const auto pids = making.add(at_.pids, name);
    writeFile(pids + "/pids.max", std::to_string(limits.processes + kOwnProcesses));
    making.group.entries.push_back(entryOf(pids));
    if (!at_.cpu.empty()) {
      const auto cpu = making.add(at_.cpu, name);
      if (const auto quota = cpu + "/cpu.cfs_quota_us"; access(quota.c_str(), W_OK) == 0) {
        writeFile(cpu + "/cpu.cfs_period_us", std::to_string(kPeriod));
        writeFile(quota, std::to_string(std::uint64_t{limits.cpuPercent} * kPeriod / 100));
      }
      making.group.entries.push_back(entryOf(cpu));
    }
    return making.finish();
  }

 private:
  Hierarchies at_;
};

class Watching final : public GroupMaker {
 public:
  std::string_view name() const override { return "watchdog"; }
  BoxGroup make(const BoxLimits&) override { return {}; }
  bool watches() const override { return true; }
};

struct Mount {
  std::string root;
  std::string point;
  std::string options;  // of the file system: names of controllers
};

// The mounts of one type of file system.
std::vector<Mount> mountsOf(std::string_view type, std::string_view text) {
  std::vector<Mount> out;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash));
    std::istringstream after(line.substr(dash + 3));
    Mount mount;
    std::string word;
    std::string system;
    before >> word >> word >> word >> mount.root >> mount.point;
    after >> system >> word >> mount.options;
    if (system == type) out.push_back(std::move(mount));
  }
  return out;
}

// The path of this process in the hierarchy of `controller` ("" for version 2).
std::string pathIn(std::string_view groups, std::string_view controller) {
  std::istringstream lines{std::string(groups)};
  std::string line;
  while (std::getline(lines, line)) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto names = std::string_view(line).substr(first + 1, second - first - 1);
    if (controller.empty() ? names.empty() : hasWord(names, controller, ',')) return line.substr(second + 1);
  }
  return {};
}

std::string directoryIn(const Mount& mount, std::string path) {
  if (path.empty()) return {};
  if (mount.root != "/" && path.starts_with(mount.root)) path.erase(0, mount.root.size());
  if (path == "/" || path.starts_with("/..")) path.clear();
  return mount.point + path;
}

std::string directoryFor(const std::vector<Mount>& mounts, std::string_view groups, std::string_view controller) {
  for (const auto& mount : mounts) {
    if (hasWord(mount.options, controller, ',')) return directoryIn(mount, pathIn(groups, controller));
  }
  return {};
}

// A group is made, so that a lack shows at start and not at the first box.
std::unique_ptr<GroupMaker> tried(std::unique_ptr<GroupMaker> maker) {
  removeGroup(maker->make({}));
  return maker;
}

}  // namespace

void killGroup(const BoxGroup& group) {
  for (const auto& directory : group.directories) {
    const Fd file(open((directory + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
    if (file && write(file.get(), "1", 1) == 1) return;
  }
}

bool removeGroup(const BoxGroup& group) {
  bool all = true;
  for (const auto& directory : group.directories) all = (rmdir(directory.c_str()) == 0 || errno == ENOENT) && all;
  return all;
}

std::string groupDirectory2(std::string_view mounts, std::string_view groups) {
  const auto all = mountsOf("cgroup2", mounts);
  return all.empty() ? std::string() : directoryIn(all.front(), pathIn(groups, ""));
}

Hierarchies groupDirectories1(std::string_view mounts, std::string_view groups) {
  const auto all = mountsOf("cgroup", mounts);
  return {directoryFor(all, groups, "memory"), directoryFor(all, groups, "pids"), directoryFor(all, groups, "cpu")};
}

std::unique_ptr<GroupMaker> makeGroups2(const std::string& base) { return std::make_unique<Groups2>(base); }
std::unique_ptr<GroupMaker> makeGroups1(const Hierarchies& at) { return std::make_unique<Groups1>(at); }

Limiting chooseLimits(std::string_view setting) {
  const auto mounts = readFile("/proc/self/mountinfo");
  const auto groups = readFile("/proc/self/cgroup");
  std::string why;
  if (setting == "auto" || setting == "cgroup2") {
    try {
      const auto base = groupDirectory2(mounts, groups);
      if (base.empty()) throw std::runtime_error("cgroup v2 is not mounted");
      sweepGroups(base);
      return {tried(makeGroups2(base)), {}};
    } catch (const std::runtime_error& error) {
      if (setting == "cgroup2") throw;
      why = std::string("no cgroup2: ") + error.what();
    }
  }
  if (setting == "auto" || setting == "cgroup1") {
    try {
      const auto at = groupDirectories1(mounts, groups);
      for (const auto& base : {at.memory, at.pids, at.cpu}) {
        if (!base.empty()) sweepGroups(base);
      }
      return {tried(makeGroups1(at)), {}};
    } catch (const std::runtime_error& error) {
      if (setting == "cgroup1") throw;
      why += std::string("; no cgroup1: ") + error.what();
    }
  }
  return {std::make_unique<Watching>(), why};
}

}  // namespace agent::sandbox
