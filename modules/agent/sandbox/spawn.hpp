// Starts bubblewrap: descriptors, control group, user.
#pragma once

#include <sys/types.h>

#include <string>

#include "box_arguments.hpp"
#include "box_limits.hpp"
#include "fd.hpp"

namespace agent::sandbox {

struct SpawnPlan {
  std::string bubblewrap;  // absolute path
  BoxPlaces places;
  uid_t user = 0;  // whom bubblewrap runs as; another one than the server's only when that is root
  const BoxGroup* group = nullptr;
  std::string filter;  // seccompFilter()
  int niceness = 0;
};

struct Spawned {
  pid_t pid = -1;  // of the outer bubblewrap
  Fd process;      // the same as a descriptor
  Fd socket;       // to the helper; not blocking
  Fd errors;       // what bubblewrap says before the helper runs; not blocking
};

// Only from a thread that lives as long as the boxes: they die with the thread that started them. Throws std::runtime_error.
Spawned spawnBox(const SpawnPlan& plan);

}  // namespace agent::sandbox
