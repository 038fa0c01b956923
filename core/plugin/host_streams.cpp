#include "core/plugin/host_streams.hpp"
#include "core/plugin/callback_gate.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "core/base/text.hpp"
#include "core/http/exchange.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/call.hpp"
#include "core/plugin/header_rules.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/sse.hpp"

using mortise::plugin::Host;

struct mortise_stream {
  Host* host = nullptr;
  std::shared_ptr<mortise::http::Stream> stream;
};

// Shared by the module (until websocket_release) and the connection's callbacks (until closed).
struct mortise_websocket {
  Host* host = nullptr;
  std::atomic<int> references{1};
  // Held during the upgrade: a first message may arrive before upgrade() has returned. Recursive, because the server
  // may call back within upgrade() itself.
  std::recursive_mutex opening;
  std::atomic<bool> ready{false};
  std::shared_ptr<mortise::http::WebSocket> socket;  // set before `ready`
};

namespace mortise::plugin {
namespace {

Call& callOf(mortise_call* call) { return *reinterpret_cast<Call*>(call); }

std::shared_ptr<const CallOrigin> originOf(const Call& call) {
  return std::make_shared<const CallOrigin>(CallOrigin{std::string(call.operationId()), std::string(call.logId())});
}

void drop(mortise_websocket* socket) {
  if (socket->references.fetch_sub(1) == 1) delete socket;
}

// The connection's side of a WebSocket: shared by its callbacks.
class SocketEnd {
 public:
  SocketEnd(mortise_websocket* socket, const mortise_websocket_options& options, const Call& call)
      : socket_(socket), options_(options), gate_(call.servedBy->gate()), origin_(originOf(call)) {
    socket->references.fetch_add(1);
  }
  ~SocketEnd() {
    if (socket_ != nullptr) drop(socket_);
  }
  SocketEnd(const SocketEnd&) = delete;
  SocketEnd& operator=(const SocketEnd&) = delete;

  void onMessage(http::Opcode opcode, std::string_view message) {
    if (socket_ == nullptr || options_.message == nullptr) return;
    waitUntilReady();
    const OriginScope scope(*origin_);
    gate_->run("websocket message", [&] {
      options_.message(options_.context, socket_, opcode == http::Opcode::binary ? 1 : 0, str(message));
    });
  }

  // The last callback. Releases the handle, which holds the connection, which holds this.
  void onClosed(int code, std::string_view reason) {
    if (socket_ == nullptr) return;
    waitUntilReady();
    const OriginScope scope(*origin_);
    if (options_.closed != nullptr)
      gate_->run("websocket closed", [&] { options_.closed(options_.context, code, str(reason)); });
    drop(socket_);
    socket_ = nullptr;
  }

  void onDrained() {
    if (socket_ == nullptr || options_.drained == nullptr) return;
    waitUntilReady();
    const OriginScope scope(*origin_);
    gate_->run("websocket drained", [&] { options_.drained(options_.context); });
  }

 private:
  void waitUntilReady() {
    if (socket_->ready.load(std::memory_order_acquire)) return;
    const std::lock_guard wait(socket_->opening);  // microseconds: until upgrade() has stored the socket
  }

  mortise_websocket* socket_;
  const mortise_websocket_options options_;
  const CallbackGatePtr gate_;
  const std::shared_ptr<const CallOrigin> origin_;
};

// The open connection behind a handle, or null before it opens and after it closes.
http::WebSocket* openSocket(mortise_websocket* socket) {
  return socket != nullptr && socket->ready.load(std::memory_order_acquire) ? socket->socket.get() : nullptr;
}

bool isCloseCode(int code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

// Sec-WebSocket-Protocol of the request, as views into its head.
std::vector<std::string_view> offered(const http::Exchange& exchange) {
  std::vector<std::string_view> names;
  for (const auto& field : exchange.head().fields.all()) {
    if (!text::equalsIgnoreCase(field.name, "Sec-WebSocket-Protocol")) continue;
    for (const auto part : text::split(field.value, ',')) {
      if (const auto name = text::trim(part); !name.empty()) names.push_back(name);
    }
  }
  return names;
}

void misuse(const Call& call, const char* function, std::string_view reason) {
  log::error("module used a call wrongly", {{"module", call.servedBy == nullptr ? "" : call.servedBy->moduleName()},
                                            {"operation", call.operationId()},
                                            {"request_id", call.logId()},
                                            {"function", function},
                                            {"reason", reason}});
}

// Runs a step of a stream or socket that has no result.
template <typename Work>
void quietly(const Host* host, const char* function, Work work) {
  guardedOr(host, function, 0, [&] {
    work();
    return 0;
  });
}

}  // namespace

extern "C" {

mortise_stream* streamOpen(mortise_call* raw, const mortise_stream_options* options) {
  if (raw == nullptr || !MORTISE_COMPLETE(options, mortise_stream_options, drained)) return nullptr;
  auto& call = callOf(raw);
  return guardedOr<mortise_stream*>(call.servedBy, "call/1 stream_open", nullptr, [&]() -> mortise_stream* {
    if (call.servedBy == nullptr) return nullptr;
    if (!isFieldValue(view(options->content_type))) {
      misuse(call, "stream_open", "content_type has a control byte");
      return nullptr;
    }
    mortise_stream_options streamOptions{};
    streamOptions.struct_size = sizeof streamOptions;
    streamOptions.status = options->status == 0 ? 200 : options->status;
    streamOptions.content_type = options->content_type;
    streamOptions.heartbeat_seconds = options->heartbeat_seconds <= 0 ? 15 : options->heartbeat_seconds;
    if (streamOptions.status < 200 || streamOptions.status > 299) {
      misuse(call, "stream_open", "status " + std::to_string(streamOptions.status) + ", expected 200 to 299");
      return nullptr;
    }
    auto handle = std::make_unique<mortise_stream>();
    handle->host = call.servedBy;
    handle->stream = call.openStream(streamOptions);
    if (handle->stream == nullptr) return nullptr;
    const auto& gate = call.servedBy->gate();
    const auto origin = originOf(call);
    if (options->closed != nullptr) {
      handle->stream->onClosed([gate, origin, closed = options->closed, context = options->context] {
        const OriginScope scope(*origin);
        gate->run("stream closed", [&] { closed(context); });
      });
    }
    if (options->drained != nullptr) {
      handle->stream->onDrained([gate, origin, drained = options->drained, context = options->context] {
        const OriginScope scope(*origin);
        gate->run("stream drained", [&] { drained(context); });
      });
    }
    return handle.release();
  });
}

mortise_status streamEvent(mortise_stream* stream, mortise_str event, mortise_str id, mortise_str data) {
  if (stream == nullptr || !isOneLine(view(event)) || !isOneLine(view(id))) return MORTISE_INVALID;
  return guarded(stream->host, "call/1 stream_event", nullptr, [&] {
    return stream->stream->send(sharedEvent(view(event), view(id), view(data))) ? MORTISE_OK : MORTISE_CLOSED;
  });
}

mortise_status streamWrite(mortise_stream* stream, mortise_str bytes) {
  if (stream == nullptr) return MORTISE_INVALID;
  return guarded(stream->host, "call/1 stream_write", nullptr, [&] {
    if (bytes.size == 0) return stream->stream->open() ? MORTISE_OK : MORTISE_CLOSED;
    return stream->stream->send(std::make_shared<const std::string>(copy(bytes))) ? MORTISE_OK : MORTISE_CLOSED;
  });
}

size_t streamQueued(mortise_stream* stream) {
  if (stream == nullptr) return 0;
  return guardedOr<size_t>(stream->host, "call/1 stream_queued", 0, [&] { return stream->stream->queuedBytes(); });
}

void streamClose(mortise_stream* stream) {
  if (stream != nullptr) quietly(stream->host, "call/1 stream_close", [&] { stream->stream->close(); });
}

void streamAbort(mortise_stream* stream) {
  if (stream != nullptr) quietly(stream->host, "call/1 stream_abort", [&] { stream->stream->abort(); });
}

void streamRelease(mortise_stream* stream) {
  if (stream != nullptr) quietly(stream->host, "call/1 stream_release", [&] { delete stream; });
}

size_t offeredSubprotocols(mortise_call* raw, mortise_str* names, size_t capacity) {
  if (raw == nullptr || callOf(raw).exchange() == nullptr) return 0;
  return guardedOr<size_t>(callOf(raw).servedBy, "call/1 offered_subprotocols", 0, [&] {
    const auto all = offered(*callOf(raw).exchange());
    for (size_t i = 0; names != nullptr && i < std::min(capacity, all.size()); ++i) names[i] = str(all[i]);
    return all.size();
  });
}

mortise_websocket* webSocketUpgrade(mortise_call* raw, const mortise_websocket_options* options) {
  if (raw == nullptr || !MORTISE_COMPLETE(options, mortise_websocket_options, drained)) return nullptr;
  auto& call = callOf(raw);
  return guardedOr<mortise_websocket*>(call.servedBy, "call/1 upgrade", nullptr, [&]() -> mortise_websocket* {
    if (call.servedBy == nullptr || call.exchange() == nullptr) return nullptr;
    http::WebSocket::Options socketOptions;
    socketOptions.subprotocol = copy(options->subprotocol);
    if (!socketOptions.subprotocol.empty()) {
      const auto all = offered(*call.exchange());
      if (std::find(all.begin(), all.end(), socketOptions.subprotocol) == all.end()) {
        misuse(call, "upgrade", "the client did not offer the subprotocol " + socketOptions.subprotocol);
        return nullptr;
      }
    }
    if (options->max_message > 0) socketOptions.maxMessageBytes = options->max_message;
    if (options->max_queue > 0) socketOptions.maxQueuedBytes = options->max_queue;
    if (options->ping_seconds > 0) socketOptions.pingEvery = std::chrono::seconds(options->ping_seconds);

    const std::unique_ptr<mortise_websocket, void (*)(mortise_websocket*)> handle(new mortise_websocket,
                                                                                  [](auto* socket) { drop(socket); });
    handle->host = call.servedBy;
    const auto end = std::make_shared<SocketEnd>(handle.get(), *options, call);
    http::WebSocket::Callbacks callbacks;
    callbacks.onMessage = [end](http::Opcode opcode, std::string_view message) { end->onMessage(opcode, message); };
    callbacks.onClosed = [end](int code, std::string_view reason) { end->onClosed(code, reason); };
    callbacks.onDrained = [end] { end->onDrained(); };
    const std::lock_guard opening(handle->opening);
    handle->socket = call.upgrade(std::move(socketOptions), std::move(callbacks));
    if (handle->socket == nullptr) return nullptr;
    handle->ready.store(true, std::memory_order_release);
    handle->references.fetch_add(1);    // the caller's, in addition to the one that this scope releases
    auto* const result = handle.get();  // clang takes a returned get() for the address of the local
    return result;
  });
}

mortise_status webSocketSend(mortise_websocket* socket, int32_t binary, mortise_str message) {
  if (socket == nullptr) return MORTISE_INVALID;
  return guarded(socket->host, "call/1 websocket_send", nullptr, [&] {
    if (binary == 0 && !text::isUtf8(view(message))) return MORTISE_INVALID;
    auto* open = openSocket(socket);
    if (open == nullptr) return MORTISE_CLOSED;
    return open->send(binary != 0 ? http::Opcode::binary : http::Opcode::text, copy(message)) ? MORTISE_OK
                                                                                              : MORTISE_CLOSED;
  });
}

void webSocketClose(mortise_websocket* socket, int32_t code, mortise_str reason) {
  auto* open = openSocket(socket);
  if (open == nullptr) return;
  quietly(socket->host, "call/1 websocket_close", [&] {
    auto shown = copy(reason);
    open->close(isCloseCode(code) ? code : 1011, text::isUtf8(shown) ? std::move(shown) : std::string());
  });
}

void webSocketPause(mortise_websocket* socket, int32_t paused) {
  auto* open = openSocket(socket);
  if (open != nullptr) quietly(socket->host, "call/1 websocket_pause", [&] { open->pauseReading(paused != 0); });
}

size_t webSocketQueued(mortise_websocket* socket) {
  auto* open = openSocket(socket);
  return open == nullptr
             ? 0
             : guardedOr<size_t>(socket->host, "call/1 websocket_queued", 0, [&] { return open->queuedBytes(); });
}

void webSocketRelease(mortise_websocket* socket) {
  if (socket != nullptr) quietly(socket->host, "call/1 websocket_release", [&] { drop(socket); });
}

}  // extern "C"

}  // namespace mortise::plugin
