#include "core/commands/remove_on_signal.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>

#include "core/commands/stop_signals.hpp"

namespace mortise::commands {
namespace {

constexpr int kEnd = SIGUSR2;  // by which the destructor ends the waiting thread

sigset_t with(sigset_t signals, int signal) {
  sigaddset(&signals, signal);
  return signals;
}

// The system calls themselves change the calling thread alone; glibc's functions would change the command's thread, too,
// which is in the middle of its work.
void actAs(uid_t user, gid_t group) {
  if (::geteuid() == user && ::getegid() == group) return;
  const auto keep = static_cast<uid_t>(-1);
  // Root's rights first: without them the group can't be changed.
  if (::syscall(SYS_setresuid, keep, ::getuid(), keep) != 0) return;
  if (::syscall(SYS_setresgid, keep, group, keep) != 0) return;
  ::syscall(SYS_setresuid, keep, user, keep);
}

// The command's thread goes on meanwhile: between the look at a directory and the removal of what was seen there, it may
// make one more file or remove one itself.
void remove(const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::error_code failure;
  do {
    std::filesystem::remove_all(path, failure);
    if (failure != std::errc::directory_not_empty && failure != std::errc::no_such_file_or_directory) return;
  } while (std::chrono::steady_clock::now() < end);
}

}  // namespace

RemoveOnSignal::RemoveOnSignal() : signals_(blockStopSignals()) {
  const auto end = with(sigset_t{}, kEnd);
  ::pthread_sigmask(SIG_BLOCK, &end, nullptr);
  thread_ = std::thread([this] { wait(); });
}

RemoveOnSignal::~RemoveOnSignal() {
  ending_ = true;
  ::pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
  const auto all = with(signals_, kEnd);
  ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
}

void RemoveOnSignal::add(const std::string& path) {
  if (!path.empty()) leftovers_.push_back({path, ::geteuid(), ::getegid()});
}

void RemoveOnSignal::wait() {
  const auto all = with(signals_, kEnd);
  int received = 0;
  ::sigwait(&all, &received);
  if (ending_) return;
  const std::lock_guard lock(mutex_);
  for (const auto& leftover : leftovers_) {
    actAs(leftover.user, leftover.group);
    remove(leftover.path);
  }
  letEndAtOnce(signals_);
  ::raise(received);
}

}  // namespace mortise::commands
