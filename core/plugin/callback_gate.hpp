// Guards every call from the kernel's services back into a module (stream closed, mail sent, event, ...). Once closed,
// no call enters and none is running: the module's code may then be unloaded, even while services still hold callbacks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include "core/db/transaction_boundary.hpp"
#include "core/ops/log.hpp"

namespace mortise::plugin {

class CallbackGate {
 public:
  explicit CallbackGate(std::string module) : module_(std::move(module)) {}

  // Runs `work` unless the gate is closed. Logs the module's exceptions. Returns true when `work` completed.
  template <typename Work>
  bool run(const char* what, Work&& work) noexcept {
    inside_.fetch_add(1);
    if (closed_.load()) {
      leave();
      return false;
    }
    bool done = false;
    try {
      const db::TransactionBoundary boundary(what);
      work();
      done = true;
    } catch (const std::exception& error) {
      complain(what, error.what());
    } catch (...) {
      complain(what, "not a std::exception");
    }
    leave();
    return done;
  }

  // Admits no more calls and waits until the running ones have ended. Not from within a callback.
  void close() noexcept {
    closed_.store(true);
    while (inside_.load() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  bool closed() const noexcept { return closed_.load(); }

 private:
  void leave() noexcept { inside_.fetch_sub(1); }
  void complain(const char* what, const char* reason) noexcept {
    try {
      log::error("module threw out of a callback", {{"module", module_}, {"callback", what}, {"reason", reason}});
    } catch (...) {  // no memory even for the log line
    }
  }

  const std::string module_;
  std::atomic<std::uint32_t> inside_{0};
  std::atomic<bool> closed_{false};
};
using CallbackGatePtr = std::shared_ptr<CallbackGate>;

}  // namespace mortise::plugin
