#include "core/commands/remove_on_signal.hpp"

#include <pthread.h>
#include <signal.h>

#include <filesystem>
#include <system_error>

namespace mortise::commands {
namespace {

// The destructor ends the waiting thread by the last one.
sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}

}  // namespace

RemoveOnSignal::RemoveOnSignal() {
  const auto set = signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait(); });
}

RemoveOnSignal::~RemoveOnSignal() {
  ending_ = true;
  ::pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
  const auto set = signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void RemoveOnSignal::add(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!path.empty()) paths_.push_back(path);
}

void RemoveOnSignal::wait() {
  const auto set = signals();
  int received = 0;
  ::sigwait(&set, &received);
  if (ending_) return;
  const std::lock_guard lock(mutex_);
  for (const auto& path : paths_) {
    std::error_code failure;
    std::filesystem::remove_all(path, failure);
  }
  ::signal(received, SIG_DFL);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(received);
}

}  // namespace mortise::commands
