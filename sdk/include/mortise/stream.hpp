// A reply that goes on: server-sent events, or bytes of another type. Opened by Request::openStream().
#pragma once

#include <cstddef>
#include <exception>
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

struct StreamOptions {
  std::string contentType{};  // empty: text/event-stream with its usual fields and heartbeats
  int heartbeatSeconds = 0;   // 0: 15
  // [loop] once, the last callback: the stream has ended, for whatever reason. May come before openStream() returns.
  std::function<void()> onClosed{};
  // [loop] the client has caught up after send() had filled the queue.
  std::function<void()> onDrained{};
};

// The module's end of a stream. Move-only; destroying it closes the stream, or aborts it where an exception destroys it:
// a download that failed must not look whole. All members [any], none blocks.
// A client that reads too slowly is dropped by the kernel; send() then returns false.
class EventStream {
 public:
  EventStream(const mortise_call_v1* table, mortise_stream* stream) noexcept : table_(table), stream_(stream) {}
  EventStream(EventStream&& other) noexcept
      : table_(other.table_), stream_(std::exchange(other.stream_, nullptr)), exceptions_(other.exceptions_) {}
  EventStream& operator=(EventStream&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(stream_, other.stream_);
    std::swap(exceptions_, other.exceptions_);
    return *this;
  }
  ~EventStream() {
    if (stream_ == nullptr) return;
    std::uncaught_exceptions() > exceptions_ ? abort() : close();
    table_->stream_release(stream_);
  }

  // One event. Empty `event` or `id` are left out; `data` may have several lines. False when the client is gone: drop
  // the stream.
  bool send(std::string_view event, std::string_view id, std::string_view data) const {
    return stream_ != nullptr &&
           table_->stream_event(stream_, detail::str(event), detail::str(id), detail::str(data)) == MORTISE_OK;
  }
  // Bytes as they are, for other content types.
  bool write(std::string_view bytes) const {
    return stream_ != nullptr && table_->stream_write(stream_, detail::str(bytes)) == MORTISE_OK;
  }
  // Bytes that wait to be sent.
  std::size_t queued() const noexcept { return stream_ == nullptr ? 0 : table_->stream_queued(stream_); }
  // What was sent still arrives.
  void close() const noexcept {
    if (stream_ != nullptr) table_->stream_close(stream_);
  }
  // Ends it so that the client sees that the rest is missing; what waits to be sent may be lost. Since: SDK 1.1; an older
  // server closes the stream.
  void abort() const noexcept {
    if (stream_ == nullptr) return;
    MORTISE_HAS(table_, mortise_call_v1, stream_abort) ? table_->stream_abort(stream_) : table_->stream_close(stream_);
  }

 private:
  const mortise_call_v1* table_;
  mortise_stream* stream_;
  int exceptions_ = std::uncaught_exceptions();
};

namespace detail {

// Keeps the callbacks until the stream has ended; closed() frees it.
struct StreamCallbacks final : KeptCallback {
  std::function<void()> closed;
  std::function<void()> drained;

  static void onClosed(void* context) {
    const std::unique_ptr<StreamCallbacks> self(KeptCallbacks::instance().take(static_cast<StreamCallbacks*>(context)));
    self->run(self->closed, "stream closed");
  }
  static void onDrained(void* context) {
    const auto& self = *static_cast<StreamCallbacks*>(context);
    self.run(self.drained, "stream drained");
  }
  void run(const std::function<void()>& function, std::string_view name) const noexcept {
    try {
      if (function) function();
    } catch (...) {
      reportCallbackFailure(host(), name);
    }
  }
};

}  // namespace detail

inline EventStream Request::openStream(StreamOptions options) const {
  auto callbacks = std::make_unique<detail::StreamCallbacks>();
  callbacks->closed = std::move(options.onClosed);
  callbacks->drained = std::move(options.onDrained);
  mortise_stream_options c{};
  c.struct_size = sizeof c;
  c.status = 200;
  c.content_type = detail::str(options.contentType);
  c.heartbeat_seconds = options.heartbeatSeconds;
  auto* context = callbacks.release();
  detail::KeptCallbacks::instance().add(tables_->host, context);
  c.context = context;
  c.closed = detail::StreamCallbacks::onClosed;
  c.drained = detail::StreamCallbacks::onDrained;
  auto* stream = table().stream_open(call_, &c);
  if (stream == nullptr) {
    delete detail::KeptCallbacks::instance().take(context);
    throw std::logic_error("the call was answered before its stream was opened");
  }
  if (state_ != nullptr) state_->answered = state_->streams = true;
  return EventStream(tables_->call, stream);
}

inline EventStream Request::openStream() const { return openStream(StreamOptions()); }

}  // namespace mortise::inline sdk1
