// One command: terminal, keeper, bash.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper.hpp"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

namespace agent::sandbox::helper {
namespace {

[[noreturn]] void runShell(int slave, const wire::Exec& exec, std::uint32_t processes) {
  // The keeper leads the session: a leader's end hangs the terminal up, for what the command left in the background, too.
  setpgid(0, 0);
  tcsetpgrp(slave, getpid());
  dup2(slave, 0);
  dup2(slave, 1);
  dup2(slave, 2);
  close_range(3, ~0U, 0);
  makeOrdinary(processes);
  char directory[wire::kMaxPath + 1];
  memcpy(directory, exec.directory.data, exec.directory.size);
  directory[exec.directory.size] = '\0';
  if (chdir(directory) != 0) {
    dprintf(2, "%s: %s\n", directory, strerror(errno));
    _exit(125);
  }
  char* const command = static_cast<char*>(malloc(exec.command.size + 1));
  if (command == nullptr) _exit(125);
  memcpy(command, exec.command.data, exec.command.size);
  command[exec.command.size] = '\0';
  char* const arguments[] = {const_cast<char*>("bash"),
                             const_cast<char*>("--noprofile"),
                             const_cast<char*>("--norc"),
                             const_cast<char*>("-c"),
                             command,
                             nullptr};
  execv("/usr/bin/bash", arguments);
  dprintf(2, "bash: %s\n", strerror(errno));
  _exit(127);
}

[[noreturn]] void keep(int control, int slave, const wire::Exec& exec, std::uint32_t processes) {
  const int descriptors[] = {control, slave};
  keepDescriptors(descriptors, 2);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setsid();
  ioctl(4, TIOCSCTTY, 0);
  const pid_t shell = fork();
  if (shell == 0) runShell(4, exec, processes);
  if (shell < 0) {
    const int code = kNotBegun + errno;
    send(3, &code, sizeof code, MSG_NOSIGNAL);
    _exit(1);
  }
  close(4);
  keepUntilGone(3, shell);
}

}  // namespace

int startShell(const wire::Exec& exec, std::uint32_t processes, ShellStart& started) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return errno;
  int control[2] = {-1, -1};
  int slave = -1;
  const int unlocked = 0;
  const winsize size{exec.rows, exec.columns, 0, 0};
  int error = 0;
  if (ioctl(master, TIOCSPTLCK, &unlocked) != 0 ||
      (slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 ||
      ioctl(master, TIOCSWINSZ, &size) != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0 ||
      (started.keeper = fork()) < 0) {
    error = errno;
  } else if (started.keeper == 0) {
    keep(control[1], slave, exec, processes);
  }
  if (slave >= 0) close(slave);
  if (control[1] >= 0) close(control[1]);
  if (error != 0) {
    close(master);
    if (control[0] >= 0) close(control[0]);
    return error;
  }
  started.master = master;
  started.control = control[0];
  return 0;
}

}  // namespace agent::sandbox::helper
