// The system calls that a box may not use.
#pragma once

#include <string>

namespace agent::sandbox {

// The filter as bubblewrap reads it. Everything is allowed but what reaches the kernel's less used parts, other processes or
// new namespaces: EPERM; families of sockets that a network namespace does not hold: EAFNOSUPPORT; calls that a library
// tries and does without, and other architectures: ENOSYS. Throws std::runtime_error.
std::string seccompFilter();

}  // namespace agent::sandbox
