// What holds the memory, processes and processor time of a box: control groups of version 2 or 1 where this server may make
// some, else only the limits that the helper sets, and a watchdog (watchdog.hpp) for the memory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fd.hpp"

namespace agent::sandbox {

struct BoxLimits {
  std::uint64_t memory = 512ULL << 20;
  std::uint32_t processes = 128;  // of the commands; the helper and its keepers come on top
  std::uint32_t cpuPercent = 100;
};

// The group of one box.
struct BoxGroup {
  std::vector<std::string> directories;  // one per hierarchy; none with the watchdog
  std::vector<Fd> entries;               // a process that writes "0" there has entered; before it becomes the box
};

// Safe from any thread.
class GroupMaker {
 public:
  GroupMaker() = default;
  GroupMaker(const GroupMaker&) = delete;
  GroupMaker& operator=(const GroupMaker&) = delete;
  virtual ~GroupMaker() = default;

  virtual std::string_view name() const = 0;  // cgroup2, cgroup1, watchdog
  // Throws std::runtime_error.
  virtual BoxGroup make(const BoxLimits& limits) = 0;
  // Whether memory is only watched.
  virtual bool watches() const { return false; }
};

// Kills what is in the group, where the kernel can do it by itself.
void killGroup(const BoxGroup& group);
// False as long as a process is left in it.
bool removeGroup(const BoxGroup& group);

struct Limiting {
  std::unique_ptr<GroupMaker> maker;
  std::string detail;  // why nothing better is there; empty when `maker` is the best
};
// `setting`: auto or a name. Removes what servers left that are gone. Throws std::runtime_error when what it names is not
// to be had.
Limiting chooseLimits(std::string_view setting);

// Version 2 below `base`, whose own processes are moved into a group beside the boxes if need be. For tests, `base` may be
// any directory.
std::unique_ptr<GroupMaker> makeGroups2(const std::string& base);
// Version 1: directories of the hierarchies.
struct Hierarchies {
  std::string memory;
  std::string pids;
  std::string cpu;
};
std::unique_ptr<GroupMaker> makeGroups1(const Hierarchies& at);

// The directories in which this process is, from the texts of /proc/self/mountinfo and /proc/self/cgroup. Empty texts for
// those that are not mounted.
std::string groupDirectory2(std::string_view mounts, std::string_view groups);
Hierarchies groupDirectories1(std::string_view mounts, std::string_view groups);

}  // namespace agent::sandbox
