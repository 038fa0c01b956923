// Passes bytes from any thread to one connection that stays open: the common part of streams and WebSockets. Coalesces
// wake-ups, counts queued bytes, enforces the queue limit, and notifies the producer about draining and the end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/http/io_thread.hpp"

namespace mortise::http {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  using Bytes = std::shared_ptr<const std::string>;
  static constexpr std::size_t kLowWater = 256 << 10;

  Channel(std::shared_ptr<IoThread> io, std::uint64_t connectionId, std::size_t limit)
      : io_(std::move(io)), connectionId_(connectionId), limit_(limit) {}

  // [any]
  bool send(Bytes bytes);
  std::size_t queuedBytes() const {
    return pending_.load(std::memory_order_acquire) + unsent_.load(std::memory_order_acquire);
  }
  bool open() const { return state_.load(std::memory_order_acquire) == State::open; }
  void onClosed(std::function<void()> callback);
  void onDrained(std::function<void()> callback);
  // Runs `action` on the I/O thread with the connection, if it still has this channel; at once when called there.
  void withConnection(std::function<void(Connection&)> action);
  enum class End : std::uint8_t { whole, cut };
  // Stops accepting bytes. Returns true for the first caller, whose `end` counts.
  bool shut(End end = End::whole) {
    auto open = State::open;
    return state_.compare_exchange_strong(open, end == End::cut ? State::cut : State::shut, std::memory_order_acq_rel);
  }
  bool isCut() const { return state_.load(std::memory_order_acquire) == State::cut; }

  // I/O thread only.
  std::vector<Bytes> take();
  void sent(std::size_t unsentNow);  // after each write: the connection's own queue
  void finish();                     // the end, for any reason: runs onClosed once, drops the callbacks

 private:
  const std::shared_ptr<IoThread> io_;
  const std::uint64_t connectionId_;
  const std::size_t limit_;
  enum class State : std::uint8_t { open, shut, cut };
  std::atomic<State> state_{State::open};
  std::atomic<std::size_t> pending_{0};
  std::atomic<std::size_t> unsent_{0};
  std::atomic<bool> above_{false};
  mutable std::mutex mutex_;
  std::vector<Bytes> waiting_;
  bool scheduled_ = false;
  bool finished_ = false;
  std::function<void()> closed_;
  std::function<void()> drained_;
};

}  // namespace mortise::http
