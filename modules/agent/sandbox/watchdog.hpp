// What only a look at the processes of a box tells.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace agent::sandbox {

// Of a process and all its descendants: what is theirs alone, and shared memory, where no control group holds it. Bytes.
std::uint64_t memoryBelow(pid_t root);
// Of files that they have open and that have no name any more, without those in memory unless `device` (of the workspace)
// is memory itself. Bytes; stops counting beyond `most`, and takes more than 20,000 descriptors for being beyond it.
std::uint64_t deletedBelow(pid_t root, dev_t device, std::uint64_t most);

}  // namespace agent::sandbox
