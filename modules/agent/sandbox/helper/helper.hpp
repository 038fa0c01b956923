// The parts of the program that is process 1 of a box. It speaks ../protocol.hpp with the server on descriptor 3, and is
// linked statically, without exceptions: the box need not have any library.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "../protocol.hpp"

namespace agent::sandbox::helper {

// `exited` of a channel that could not begin: this and an errno.
inline constexpr int kNotBegun = 1000;

std::int64_t nowMs();

struct ShellStart {
  int master = -1;   // of the terminal; not blocking
  int control = -1;  // to the keeper
  pid_t keeper = -1;
};
// Starts a command in a terminal of its own, below a keeper that collects and kills what the command starts. 0 or an errno.
int startShell(const wire::Exec& exec, std::uint32_t processes, ShellStart& started);
// What the helper writes to a keeper's control socket: end everything. Closing the socket kills at once. The keeper writes
// the status of the command there as an int, once.
inline constexpr char kEndAll = 'e';

// Kills the descendants of this process that are not `spared` or below it; for five seconds at most.
void killDescendants(const pid_t* spared, int sparedCount);

// The same for a program without a terminal. `fds`: its descriptors, by spawn.numbers; they stay the caller's.
struct ProgramStart {
  int control = -1;
  pid_t keeper = -1;
};
int startProgram(const wire::Spawn& spawn, const int* fds, std::uint32_t processes, ProgramStart& started);
// What the keeper of a program writes before its status: it runs.
inline constexpr int kStarted = -1;

// Signals and limits of this process as a command or program expects them.
void makeOrdinary(std::uint32_t processes);
// Of a keeper, whose child is the command: until there is no descendant any more.
[[noreturn]] void keepUntilGone(int control, pid_t child);

// 0 or an errno. `connected`: a socket connected to the one that listens at `path`; closed on exec, not blocking.
int connectTo(wire::Span path, int& connected);

struct FileStart {
  int output = -1;  // read end, not blocking; -1 when the operation gives nothing
  int input = -1;   // write end, not blocking; -1 when it takes nothing
  pid_t worker = -1;
};
// Does one file operation in a process of its own, whose exit status is 0 or an errno. 0 or an errno.
int startFile(const wire::FileRequest& request, FileStart& started);

// Whether the box has a way out: the socket of the server's proxy. Asked before anything else runs in the box, which could
// put something in its place where there is none.
bool hasWayOut();
// Starts the process that carries bytes between wire::kRelayPort and that socket. -1 with errno, as fork().
pid_t startRelay();

// Leaves `count` descriptors open, as 3, 4, …; for a child after fork(). All of them must be 3 or above, and 1 +
// kMaxDescriptors at most.
void keepDescriptors(const int* fds, int count);

}  // namespace agent::sandbox::helper
