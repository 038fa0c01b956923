// Programs without a terminal that the server talks to by descriptors, and connections to what listens in the box.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper.hpp"

namespace agent::sandbox::helper {
namespace {

constexpr int kControl = 3;
constexpr int kHigh = wire::kMaxNumber + 1;  // descriptors from here on are none of the program's

// A copy of the texts with a pointer to each, and a null at the end; null without memory.
char** pointersTo(wire::Span texts) {
  const int count = wire::textsIn(texts);
  auto** const out = static_cast<char**>(calloc(static_cast<std::size_t>(count) + 1, sizeof(char*)));
  auto* const copy = static_cast<char*>(malloc(texts.size + 1));
  if (out == nullptr || copy == nullptr) return nullptr;
  memcpy(copy, texts.data, texts.size);
  std::size_t at = 0;
  for (int i = 0; i < count; ++i) {
    out[i] = copy + at;
    at += strlen(copy + at) + 1;
  }
  return out;
}

// Becomes the program whose descriptors are 4, 5, …; gives an errno when it can't.
int become(const wire::Spawn& spawn, std::uint32_t processes) {
  setpgid(0, 0);
  makeOrdinary(processes);
  int high[wire::kMaxDescriptors];
  for (int i = 0; i < spawn.descriptors; ++i) {
    high[i] = fcntl(kControl + 1 + i, F_DUPFD_CLOEXEC, kHigh);
    if (high[i] < 0) return errno;
  }
  close_range(3, kHigh - 1, 0);
  for (int i = 0; i < spawn.descriptors; ++i) {
    if (dup2(high[i], spawn.numbers[i]) < 0) return errno;
  }
  char directory[wire::kMaxPath + 1];
  memcpy(directory, spawn.directory.data, spawn.directory.size);
  directory[spawn.directory.size] = '\0';
  if (chdir(directory) != 0) return errno;
  char** const arguments = pointersTo(spawn.arguments);
  char** const environment = pointersTo(spawn.environment);
  if (arguments == nullptr || environment == nullptr) return ENOMEM;
  for (char** entry = environment; *entry != nullptr; ++entry) {
    if (strchr(*entry, '=') == nullptr || putenv(*entry) != 0) return EINVAL;
  }
  execvp(arguments[0], arguments);
  return errno;
}

[[noreturn]] void keep(int control, const int* fds, const wire::Spawn& spawn, std::uint32_t processes) {
  int descriptors[1 + wire::kMaxDescriptors] = {control};
  for (int i = 0; i < spawn.descriptors; ++i) descriptors[1 + i] = fds[i];
  keepDescriptors(descriptors, 1 + spawn.descriptors);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setsid();
  const auto leave = [](int error) {
    const int code = kNotBegun + error;
    send(kControl, &code, sizeof code, MSG_NOSIGNAL);
    _exit(1);
  };
  int errors[2];  // the program closes its end with exec
  if (pipe2(errors, O_CLOEXEC) != 0) leave(errno);
  const pid_t program = fork();
  if (program < 0) leave(errno);
  if (program == 0) {
    const int out = fcntl(errors[1], F_DUPFD_CLOEXEC, kHigh);
    const int error = become(spawn, processes);
    (void)!write(out, &error, sizeof error);
    _exit(127);
  }
  close(errors[1]);
  close_range(kControl + 1, static_cast<unsigned>(kControl + spawn.descriptors), 0);
  int error = 0;
  if (read(errors[0], &error, sizeof error) == sizeof error) leave(error);
  close(errors[0]);
  send(kControl, &kStarted, sizeof kStarted, MSG_NOSIGNAL);
  keepUntilGone(kControl, program);
}

}  // namespace

int startProgram(const wire::Spawn& spawn, const int* fds, std::uint32_t processes, ProgramStart& started) {
  int control[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) return errno;
  started.keeper = fork();
  if (started.keeper == 0) keep(control[1], fds, spawn, processes);
  const int error = started.keeper < 0 ? errno : 0;
  close(control[1]);
  if (error != 0) {
    close(control[0]);
    return error;
  }
  started.control = control[0];
  return 0;
}

int connectTo(wire::Span path, int& connected) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.data, path.size);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd);
    return error;
  }
  connected = fd;
  return 0;
}

}  // namespace agent::sandbox::helper
