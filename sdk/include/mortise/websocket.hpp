// An upgraded connection. Opened by Request::upgrade() in operations with `x-mortise-websocket: true`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/abi/call.h"
#include "mortise/callback_failure.hpp"
#include "mortise/callbacks.hpp"
#include "mortise/request.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// What can be done with a connection, without owning it: what callbacks get. All members [any], none blocks.
class Socket {
 public:
  Socket(const mortise_call_v1* table, mortise_websocket* socket) noexcept : table_(table), socket_(socket) {}

  // False when the connection is gone or was dropped because the client does not read.
  bool send(std::string_view text) const { return table_->websocket_send(socket_, 0, detail::str(text)) == MORTISE_OK; }
  bool sendBinary(std::string_view bytes) const {
    return table_->websocket_send(socket_, 1, detail::str(bytes)) == MORTISE_OK;
  }
  // Starts the closing handshake. `code` 1000, 1001, 1003, 1007..1013 or 3000..4999; `reason` at most 123 bytes.
  void close(int code = 1000, std::string_view reason = {}) const {
    table_->websocket_close(socket_, code, detail::str(reason));
  }
  // Stops and resumes reading from the client.
  void pause(bool paused) const { table_->websocket_pause(socket_, paused ? 1 : 0); }
  // Bytes that wait to be sent.
  std::size_t queued() const noexcept { return table_->websocket_queued(socket_); }

 protected:
  const mortise_call_v1* table_;
  mortise_websocket* socket_;
};

struct WebSocketOptions {
  std::string subprotocol{};   // one of Request::offeredSubprotocols(), or empty
  std::size_t maxMessage = 0;  // bytes of one message from the client; 0: 1 MiB
  std::size_t maxQueue = 0;    // bytes towards the client; 0: 1 MiB
  int pingSeconds = 0;         // 0: 30
  // [loop] one whole message. `socket` is good for this call only.
  std::function<void(Socket socket, std::string_view message, bool binary)> onMessage{};
  // [loop] exactly once, the last callback. May come before upgrade() returns.
  std::function<void(int code, std::string_view reason)> onClosed{};
  // [loop] the client has caught up after send() had filled the queue.
  std::function<void()> onDrained{};
};

// The module's own end of a connection. Move-only; destroying it closes the connection with 1001 (going away), unless
// it was detached.
class WebSocket : public Socket {
 public:
  using Socket::Socket;
  WebSocket(WebSocket&& other) noexcept : Socket(other.table_, std::exchange(other.socket_, nullptr)) {}
  WebSocket& operator=(WebSocket&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~WebSocket() {
    if (socket_ == nullptr) return;
    table_->websocket_close(socket_, 1001, mortise_str{"", 0});
    table_->websocket_release(socket_);
  }
  // Leaves the connection to its callbacks: it lives until the client or a callback closes it.
  void detach() && { table_->websocket_release(std::exchange(socket_, nullptr)); }
};

namespace detail {

// Keeps the callbacks until the connection has ended; closed() frees it.
struct SocketCallbacks final : KeptCallback {
  const mortise_call_v1* table = nullptr;
  WebSocketOptions options;

  static void onMessage(void* context, mortise_websocket* socket, std::int32_t binary, mortise_str message) {
    const auto& self = *static_cast<SocketCallbacks*>(context);
    const Socket view(self.table, socket);
    try {
      if (self.options.onMessage) self.options.onMessage(view, Text(message), binary != 0);
    } catch (...) {
      reportCallbackFailure(self.host(), "websocket message");
      view.close(1011, "internal error");
    }
  }
  static void onClosed(void* context, std::int32_t code, mortise_str reason) {
    const std::unique_ptr<SocketCallbacks> self(KeptCallbacks::instance().take(static_cast<SocketCallbacks*>(context)));
    try {
      if (self->options.onClosed) self->options.onClosed(code, Text(reason));
    } catch (...) {
      reportCallbackFailure(self->host(), "websocket closed");
    }
  }
  static void onDrained(void* context) {
    const auto& self = *static_cast<SocketCallbacks*>(context);
    try {
      if (self.options.onDrained) self.options.onDrained();
    } catch (...) {
      reportCallbackFailure(self.host(), "websocket drained");
    }
  }
};

}  // namespace detail

inline WebSocket Request::upgrade(WebSocketOptions options) const {
  auto callbacks = std::make_unique<detail::SocketCallbacks>();
  callbacks->table = tables_->call;
  callbacks->options = std::move(options);
  const std::string subprotocol = callbacks->options.subprotocol;  // callbacks may be gone before upgrade() returns
  mortise_websocket_options c{};
  c.struct_size = sizeof c;
  c.subprotocol = detail::str(subprotocol);
  c.max_message = callbacks->options.maxMessage;
  c.max_queue = callbacks->options.maxQueue;
  c.ping_seconds = callbacks->options.pingSeconds;
  auto* context = callbacks.release();
  detail::KeptCallbacks::instance().add(tables_->host, context);
  c.context = context;
  c.message = detail::SocketCallbacks::onMessage;
  c.closed = detail::SocketCallbacks::onClosed;
  c.drained = detail::SocketCallbacks::onDrained;
  auto* socket = table().upgrade(call_, &c);
  if (socket == nullptr) {
    delete detail::KeptCallbacks::instance().take(context);
    throw std::logic_error("the call was answered before it was upgraded");
  }
  if (state_ != nullptr) state_->answered = true;
  return WebSocket(tables_->call, socket);
}

}  // namespace mortise::inline sdk1
