#include "core/ops/crash.hpp"

#include <cxxabi.h>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <typeinfo>

namespace mortise::ops {
namespace {

// The handler may only make async-signal-safe calls, so everything it uses is prepared beforehand.
char versionText[64];
alignas(16) char handlerStack[64 * 1024];
std::atomic<bool> reporting{false};
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

void say(const char* text, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::write(STDERR_FILENO, text, size);
    if (sent <= 0) return;
    text += sent;
    size -= static_cast<std::size_t>(sent);
  }
}
void say(const char* text) { say(text, std::strlen(text)); }

const char* nameOf(int number) {
  switch (number) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "signal";
  }
}

void sayHex(std::uintptr_t value) {
  char digits[2 + 2 * sizeof value];
  std::size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value != 0);
  digits[--at] = 'x';
  digits[--at] = '0';
  say(digits + at, sizeof digits - at);
}

void sayBacktrace() {
  void* frames[64];
  const int count = ::backtrace(frames, 64);
  say("backtrace:\n");
  ::backtrace_symbols_fd(frames, count, STDERR_FILENO);
}

void onSignal(int number, siginfo_t* info, void*) {
  if (!reporting.exchange(true)) {
    say("mortise ");
    say(versionText);
    say(" crashed: ");
    say(nameOf(number));
    if (number == SIGSEGV || number == SIGBUS) {
      say(" at address ");
      sayHex(reinterpret_cast<std::uintptr_t>(info->si_addr));
    }
    say("\n");
    sayBacktrace();
  }
  // SA_RESETHAND has restored the default: this ends the process with the true signal.
  ::raise(number);
}

[[noreturn]] void onTerminate() {
  if (!reporting.exchange(true)) {
    say("mortise ");
    say(versionText);
    say(" crashed: uncaught ");
    if (const std::type_info* type = abi::__cxa_current_exception_type()) {
      int status = 0;
      char* readable = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
      say(status == 0 ? readable : type->name());
      std::free(readable);
      try {
        std::rethrow_exception(std::current_exception());
      } catch (const std::exception& error) {
        say(": ");
        say(error.what(), ::strnlen(error.what(), 300));
      } catch (...) {
      }
    } else {
      say("(std::terminate without an exception)");
    }
    say("\n");
    sayBacktrace();
  }
  std::abort();
}

}  // namespace

void installCrashHandler(const std::string& version) {
  const std::size_t size = version.copy(versionText, sizeof versionText - 1);
  versionText[size] = '\0';
  void* warmUp[1];
  ::backtrace(warmUp, 1);  // loads libgcc now, not in the handler

  stack_t stack{};
  stack.ss_sp = handlerStack;  // so that an overflow of this thread's stack can be reported too
  stack.ss_size = sizeof handlerStack;
  ::sigaltstack(&stack, nullptr);

  struct sigaction action {};
  action.sa_sigaction = onSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const int number : kSignals) ::sigaction(number, &action, nullptr);
  std::set_terminate(onTerminate);
}

}  // namespace mortise::ops
