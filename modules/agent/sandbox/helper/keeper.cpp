// The keeper of one command or program: collects what that starts, and kills all of it when it is told to.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper.hpp"

namespace agent::sandbox::helper {
namespace {

constexpr int kMaxDescendants = 4096;  // of one round; the next one sees the others

struct Pids {
  pid_t at[kMaxDescendants];
  int count = 0;
};

bool contains(const pid_t* pids, int count, pid_t pid) {
  for (int i = 0; i < count; ++i) {
    if (pids[i] == pid) return true;
  }
  return false;
}

// Adds the children of one thread.
void addChildren(const char* path, const pid_t* spared, int sparedCount, Pids& into) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  char text[4096];
  pid_t pid = 0;
  for (ssize_t size; (size = read(fd, text, sizeof text)) > 0;) {
    for (ssize_t i = 0; i < size; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else if (pid != 0) {
        if (into.count < kMaxDescendants && !contains(spared, sparedCount, pid)) into.at[into.count++] = pid;
        pid = 0;
      }
    }
  }
  close(fd);
}

void addChildrenOf(pid_t pid, const pid_t* spared, int sparedCount, Pids& into) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/task", static_cast<int>(pid));
  DIR* const threads = opendir(path);
  if (threads == nullptr) return;
  while (const dirent* const entry = readdir(threads)) {
    if (entry->d_name[0] == '.') continue;
    char children[128];
    snprintf(children, sizeof children, "/proc/%d/task/%.20s/children", static_cast<int>(pid), entry->d_name);
    addChildren(children, spared, sparedCount, into);
  }
  closedir(threads);
}

Pids g_descendants;

void findDescendants(const pid_t* spared, int sparedCount) {
  g_descendants.count = 0;
  addChildrenOf(getpid(), spared, sparedCount, g_descendants);
  for (int i = 0; i < g_descendants.count; ++i) addChildrenOf(g_descendants.at[i], nullptr, 0, g_descendants);
}

void signalDescendants(int number) {
  for (int i = 0; i < g_descendants.count; ++i) kill(g_descendants.at[i], number);
}

int statusOf(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

class Keeper {
 public:
  Keeper(int control, pid_t child) : control_(control), child_(child) {}

  [[noreturn]] void run() {
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    const int signals = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
      reap();
      pollfd fds[2] = {{control_, POLLIN, 0}, {signals, POLLIN, 0}};
      poll(fds, 2, killAt_ == 0 ? -1 : killAt_ > nowMs() ? static_cast<int>(killAt_ - nowMs()) : 0);
      signalfd_siginfo ignored;
      while (read(signals, &ignored, sizeof ignored) > 0) {
      }
      if (fds[0].revents != 0) {
        char order;
        const auto size = recv(control_, &order, 1, MSG_DONTWAIT);
        if (size == 0 || (size < 0 && errno != EAGAIN)) endNow();
        if (size > 0 && killAt_ == 0) askToEnd();
      }
      if (killAt_ != 0 && nowMs() >= killAt_) endNow();
    }
  }

 private:
  // Leaves when there is no child any more.
  void reap() {
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != child_) continue;
      const int code = statusOf(status);
      send(control_, &code, sizeof code, MSG_NOSIGNAL);
    }
    if (pid < 0 && errno == ECHILD) _exit(0);
  }
  void askToEnd() {
    killAt_ = nowMs() + 1000;
    findDescendants(nullptr, 0);
    signalDescendants(SIGTERM);
    signalDescendants(SIGCONT);
  }
  [[noreturn]] void endNow() {
    killDescendants(nullptr, 0);
    reap();
    _exit(1);
  }

  int control_;
  pid_t child_;
  std::int64_t killAt_ = 0;
};

}  // namespace

void killDescendants(const pid_t* spared, int sparedCount) {
  const auto until = nowMs() + 5000;
  while (nowMs() < until) {
    findDescendants(spared, sparedCount);
    if (g_descendants.count == 0) return;
    // Stopped first: a process that forks all the time gets no time for it between two rounds.
    signalDescendants(SIGSTOP);
    signalDescendants(SIGKILL);
    bool reaped = false;
    for (int i = 0; i < g_descendants.count; ++i) reaped = waitpid(g_descendants.at[i], nullptr, WNOHANG) > 0 || reaped;
    if (!reaped) usleep(1000);
  }
}

void makeOrdinary(std::uint32_t processes) {
  for (int number = 1; number < 65; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Lower than the helper's own, so that file operations still begin beside a command that forks without end.
  const rlimit most{processes, processes};
  setrlimit(RLIMIT_NPROC, &most);
}

void keepUntilGone(int control, pid_t child) { Keeper(control, child).run(); }

}  // namespace agent::sandbox::helper
