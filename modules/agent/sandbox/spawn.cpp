#include "spawn.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace agent::sandbox {
namespace {

std::runtime_error failure(const char* what) {
  return std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

// A file in memory, to be read from its beginning.
Fd fileOf(std::string_view bytes) {
  Fd file(memfd_create("box", MFD_CLOEXEC));
  if (!file || write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
      lseek(file.get(), 0, SEEK_SET) != 0)
    throw failure("memfd_create");
  return file;
}

struct Handed {
  int from;
  int as;
};

[[noreturn]] void fail(int errors, const char* what) {
  const char* const reason = strerrordesc_np(errno);
  (void)!write(errors, what, strlen(what));
  (void)!write(errors, ": ", 2);
  if (reason != nullptr) (void)!write(errors, reason, strlen(reason));
  _exit(126);
}

// Between fork and exec of a process with threads: system calls only.
[[noreturn]] void become(const SpawnPlan& plan, const Handed* handed, int count, const int* entries, int entryCount,
                         int null, int errors) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 65; ++number) signal(number, SIG_DFL);
  umask(022);
  for (int i = 0; i < entryCount; ++i) {
    if (write(entries[i], "0", 1) != 1) fail(errors, "the control group can't be entered");
  }
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) (void)!write(score, "500", 3);  // rather the box than the server
  if (plan.niceness != 0) setpriority(PRIO_PROCESS, 0, plan.niceness);
  const rlimit core{0, 0};
  setrlimit(RLIMIT_CORE, &core);
  if (plan.user != geteuid()) {
    if (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setresgid, plan.user, plan.user, plan.user) != 0 ||
        syscall(SYS_setresuid, plan.user, plan.user, plan.user) != 0)
      fail(errors, "the user of the box can't be taken");
  }
  if (geteuid() == 0) {
    errno = EPERM;
    fail(errors, "bubblewrap never runs as root");
  }
  std::array<int, 16> high{};
  for (int i = 0; i < count; ++i) high[static_cast<std::size_t>(i)] = fcntl(handed[i].from, F_DUPFD_CLOEXEC, 64);
  const int out = fcntl(errors, F_DUPFD_CLOEXEC, 64);
  const int empty = fcntl(null, F_DUPFD_CLOEXEC, 64);
  if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) fail(errors, "close_range");
  dup2(empty, 0);
  dup2(empty, 1);
  dup2(out, 2);
  for (int i = 0; i < count; ++i) {
    if (dup2(high[static_cast<std::size_t>(i)], handed[i].as) < 0) fail(out, "dup2");
  }
  static_assert(kArgumentsFd == 10);
  const char* const arguments[] = {"bwrap", "--args", "10", "--", kHelperInBox, nullptr};
  const char* const environment[] = {"PATH=/usr/bin:/bin", nullptr};
  execve(plan.bubblewrap.c_str(), const_cast<char**>(arguments), const_cast<char**>(environment));
  fail(2, "bubblewrap can't be run");
}

}  // namespace

Spawned spawnBox(const SpawnPlan& plan) {
  std::string text;
  for (const auto& argument : boxArguments(plan.places)) text.append(argument).push_back('\0');
  const auto arguments = fileOf(text);
  const auto filter = fileOf(plan.filter);
  const auto passwd = fileOf(passwdText());
  const auto group = fileOf(groupText());
  const auto hosts = fileOf(hostsText());
  const auto sudo = fileOf(sudoText());
  const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) throw failure("socketpair");
  Spawned out;
  out.socket = Fd(sockets[0]);
  const Fd theirs(sockets[1]);
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC) != 0) throw failure("pipe");
  out.errors = Fd(pipes[0]);
  const Fd errors(pipes[1]);
  fcntl(out.socket.get(), F_SETFL, O_NONBLOCK);
  fcntl(out.errors.get(), F_SETFL, O_NONBLOCK);
  const std::array handed{Handed{theirs.get(), kSocketFd},  Handed{arguments.get(), kArgumentsFd},
                          Handed{filter.get(), kSeccompFd}, Handed{passwd.get(), kPasswdFd},
                          Handed{group.get(), kGroupFd},    Handed{hosts.get(), kHostsFd},
                          Handed{sudo.get(), kSudoFd}};
  std::vector<int> entries;
  if (plan.group != nullptr) {
    for (const auto& entry : plan.group->entries) entries.push_back(entry.get());
  }
  out.pid = fork();
  if (out.pid < 0) throw failure("fork");
  if (out.pid == 0)
    become(plan, handed.data(), static_cast<int>(handed.size()), entries.data(), static_cast<int>(entries.size()),
           null.get(), errors.get());
  out.process = Fd(static_cast<int>(syscall(SYS_pidfd_open, out.pid, 0)));
  if (!out.process) {
    const auto error = failure("pidfd_open");
    kill(out.pid, SIGKILL);
    throw error;
  }
  return out;
}

}  // namespace agent::sandbox
