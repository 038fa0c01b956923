// Guards every call from the kernel's services back into a module (stream closed, mail sent, event, ...). Once closed,
// no call enters and none is running: the module's code may then be unloaded, even while services still hold callbacks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/db/transaction_boundary.hpp"

namespace mortise::ops {
class Counter;
class Registry;
}  // namespace mortise::ops

namespace mortise::plugin {

class CallbackGate {
 public:
  // `metrics`: null counts nothing. Must outlive this object.
  explicit CallbackGate(std::string module, ops::Registry* metrics = nullptr);

  // Runs `work` unless the gate is closed. Reports the module's exceptions. Returns true when `work` completed.
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
      failed(what, error.what());
    } catch (...) {
      failed(what, "not a std::exception");
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

  // Logs that the callback `what` failed, with the operation and the request that it belongs to, and counts it.
  void failed(std::string_view what, std::string_view reason) noexcept;

 private:
  void leave() noexcept { inside_.fetch_sub(1); }
  const std::string module_;
  ops::Counter* const failures_;
  std::atomic<std::uint32_t> inside_{0};
  std::atomic<bool> closed_{false};
};
using CallbackGatePtr = std::shared_ptr<CallbackGate>;

}  // namespace mortise::plugin
