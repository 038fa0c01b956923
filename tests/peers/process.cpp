#include "tests/peers/process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <thread>

namespace mortise::peers {
namespace {

struct Account {
  uid_t user = 65534;
  gid_t group = 65534;
};

Account nobody() {
  Account account;
  if (const passwd* entry = ::getpwnam("nobody")) account = {entry->pw_uid, entry->pw_gid};
  return account;
}

}  // namespace

TempDirectory::TempDirectory(const std::string& prefix) : path_("/tmp/" + prefix + "-XXXXXX") {
  if (!::mkdtemp(path_.data())) throw std::runtime_error("mkdtemp: " + std::string(std::strerror(errno)));
  ::chmod(path_.c_str(), 0755);
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void giveToNobody(const std::string& path) {
  if (::geteuid() != 0) return;
  const Account account = nobody();
  if (::chown(path.c_str(), account.user, account.group) != 0)
    throw std::runtime_error("chown " + path + ": " + std::strerror(errno));
}

Process::Process(const Launch& launch) {
  // All memory is prepared before fork: the child of a threaded process may only make system calls.
  std::vector<char*> arguments;
  for (const std::string& part : launch.command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  const std::string home = "HOME=" + launch.directory;
  const std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
  const std::string locale = "LC_ALL=C.UTF-8";
  char* const environment[] = {const_cast<char*>(home.c_str()), const_cast<char*>(path.c_str()),
                               const_cast<char*>(locale.c_str()), nullptr};
  const std::string log = launch.log.empty() ? "/dev/null" : launch.log;
  const Account account = nobody();
  const bool drop = launch.dropRoot && ::geteuid() == 0;

  id_ = ::fork();
  if (id_ < 0) throw std::runtime_error("fork: " + std::string(std::strerror(errno)));
  if (id_ > 0) return;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::chdir(launch.directory.c_str()) != 0) ::_exit(126);
  if (drop && (::setgroups(0, nullptr) != 0 || ::setgid(account.group) != 0 || ::setuid(account.user) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after setuid, which clears it
  for (int fd = 3; fd < 256; ++fd) ::close(fd);
  ::execve(arguments[0], arguments.data(), environment);
  ::_exit(127);
}

Process::~Process() {
  if (!running()) return;
  signalGroup(SIGCONT);
  signal(SIGKILL);
  wait(std::chrono::seconds(5));
}

bool Process::running() {
  if (ended_ || id_ <= 0) return false;
  const pid_t got = ::waitpid(id_, &status_, WNOHANG);
  if (got == id_) ended_ = true;
  return !ended_;
}

void Process::signal(int number) {
  if (running()) ::kill(id_, number);
}

void Process::signalGroup(int number) {
  if (running()) ::kill(-id_, number);
}

int Process::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (running()) {
    if (std::chrono::steady_clock::now() > deadline) return -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status_;
}

}  // namespace mortise::peers
