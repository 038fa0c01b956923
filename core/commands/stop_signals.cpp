#include "core/commands/stop_signals.hpp"

#include <pthread.h>

#include <chrono>
#include <ctime>
#include <utility>

namespace mortise::commands {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP};

}  // namespace

sigset_t blockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kSignals) {
    struct sigaction present {};
    // A blocked signal is kept for sigwait() although it is ignored.
    if (::sigaction(signal, nullptr, &present) == 0 && present.sa_handler != SIG_IGN) sigaddset(&signals, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void letEndAtOnce(const sigset_t& signals) {
  for (const int signal : kSignals) {
    if (sigismember(&signals, signal) == 1) ::signal(signal, SIG_DFL);
  }
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

StopWatch::StopWatch(const sigset_t& signals, std::function<void()> then)
    : thread_([this, signals, then = std::move(then)](const std::stop_token& over) {
        constexpr timespec kPause{0, 100'000'000};
        while (!over.stop_requested()) {
          const int signal = ::sigtimedwait(&signals, nullptr, &kPause);
          if (signal <= 0) continue;
          received_ = signal;
          letEndAtOnce(signals);
          then();
          break;
        }
        // This thread alone takes the second one.
        while (!over.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }) {}

StopWatch::~StopWatch() = default;

}  // namespace mortise::commands
