// Connections that stay open: chunked streams and WebSockets.
#include <algorithm>
#include <cstdio>

#include "core/http/ascii.hpp"
#include "core/http/connection.hpp"
#include "core/http/websocket_frame.hpp"
#include "core/http/websocket_handle.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kCopiedPiece = 512;  // below this size a copy is cheaper than a separate buffer
constexpr std::size_t kEagerFlush =
    128 << 10;  // a producer on this thread must not fill the queue of a client that reads
constexpr auto kCloseHandshake = std::chrono::seconds(5);
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPong = 0xA;

bool isClean(const Fields& fields) {
  for (const Field& field : fields.all()) {
    if (field.name.empty() || field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return false;
    if (!std::all_of(field.name.begin(), field.name.end(), isTokenCharacter)) return false;
  }
  return true;
}

}  // namespace

void Connection::startStream(const std::shared_ptr<RequestExchange>& exchange, std::shared_ptr<Channel> channel,
                             StreamStart start) {
  if (dead() || exchange_ != exchange) {
    channel->finish();
    return;
  }
  if (!isClean(start.fields) || start.status < 200 || start.status > 999 || start.status == 204 ||
      start.status == 304) {
    log::error("stream refused: bad status or field", {{"request_id", exchange->logId()}, {"status", start.status}});
    Reply instead;
    io_.guarded("onRefused", [&] {
      instead = server_.application.onRefused(exchange, 500, "internal", "the stream could not be started");
    });
    instead.status = 500;
    channel->finish();
    answer(exchange, std::move(instead));
    return;
  }
  const Head& head = exchange->head();
  if (state_ != State::handling && head.hasBody()) mustLinger_ = true;
  streamChunked_ = head.versionMinor >= 1;
  streamClose_ = mustCloseAfter(*exchange) || !streamChunked_;
  if (startsWithNoCase(start.fields.get("content-type"), "text/event-stream") &&
      !start.fields.find("x-accel-buffering")) {
    start.fields.add("X-Accel-Buffering", "no");
  }
  std::string& out = output_.text();
  const std::size_t before = out.size();
  openHead(out, start.status);
  writeFields(out, start.fields, true);
  if (streamChunked_) out.append("Transfer-Encoding: chunked\r\n");
  closeHead(out, *exchange, streamClose_);
  const std::size_t headSize = out.size() - before;
  output_.added(headSize);
  appended(headSize);
  streamStart_ = appended_;
  streamStatus_ = start.status;
  streamBytes_ = 0;
  state_ = State::stream;
  channel_ = std::move(channel);
  heartbeat_ = std::move(start.heartbeat);
  heartbeatEvery_ = start.heartbeatEvery;
  heartbeatDue_ = heartbeat_.empty() || heartbeatEvery_.count() <= 0 ? TimePoint::max() : io_.now() + heartbeatEvery_;
  server_.counters.streams.fetch_add(1, std::memory_order_relaxed);
  if (head.method == Method::head) {
    channel_->shut();
    concludeStream();
  } else if (channel_->isCut()) {
    abortStream();
  } else if (!channel_->open()) {
    endStream();  // closed by another thread before it began
  }
  if (!turning_ && !dead()) io_.touch(*this);
}

void Connection::appendStreamBytes(const Channel::Bytes& bytes) {
  const std::uint64_t before = output_.memoryBytes();
  if (state_ == State::stream && streamChunked_) {
    char size[24];
    const int digits = std::snprintf(size, sizeof size, "%zx\r\n", bytes->size());
    std::string& out = output_.text();
    out.append(size, static_cast<std::size_t>(digits));
    if (bytes->size() <= kCopiedPiece) {
      out.append(*bytes).append("\r\n");
      output_.added(static_cast<std::size_t>(digits) + bytes->size() + 2);
    } else {
      output_.added(static_cast<std::size_t>(digits));
      output_.push(bytes);
      output_.text().append("\r\n");
      output_.added(2);
    }
  } else if (bytes->size() <= kCopiedPiece) {
    output_.text().append(*bytes);
    output_.added(bytes->size());
  } else {
    output_.push(bytes);
  }
  streamBytes_ += bytes->size();
  appended(output_.memoryBytes() - before);
}

void Connection::pullChannel() {
  if (!channel_) return;
  const std::vector<Channel::Bytes> pieces = channel_->take();
  if (pieces.empty()) return;
  for (const Channel::Bytes& piece : pieces) appendStreamBytes(piece);
  if (state_ == State::stream && heartbeatDue_ != TimePoint::max()) heartbeatDue_ = io_.now() + heartbeatEvery_;
  channel_->sent(output_.memoryBytes());
  if (dead() || flushing_) return;
  const bool eager = output_.memoryBytes() > kEagerFlush && !blocked_;
  if (turning_) {
    if (eager) flush();
  } else if (eager) {
    turn();
  } else {
    io_.touch(*this);
  }
}

void Connection::endStream() {
  if (state_ != State::stream) return;
  pullChannel();
  if (state_ != State::stream) return;
  concludeStream();
  if (!turning_ && !dead()) io_.touch(*this);
}

// Without the last chunk the client knows that the body is not whole. Where only the end of the connection ends the body,
// nothing but a reset tells it.
void Connection::abortStream() {
  if (state_ != State::stream) return;
  pullChannel();
  if (state_ == State::stream && !flushing_) flush();
  if (state_ == State::stream) cut(!streamChunked_);
}

// Ends the body properly behind the queued bytes, and drops the stream.
void Connection::concludeStream() {
  const std::uint64_t bodyEnd = appended_;
  if (streamChunked_ && exchange_->head().method != Method::head) {
    constexpr std::string_view kLastChunk = "0\r\n\r\n";
    output_.text().append(kLastChunk);
    output_.added(kLastChunk.size());
    appended(kLastChunk.size());
  }
  finishes_.push_back({exchange_, streamStatus_, streamStart_, bodyEnd});
  heartbeatDue_ = TimePoint::max();
  const bool close = streamClose_ || server_.draining.load(std::memory_order_relaxed);
  const std::shared_ptr<Channel> channel = std::move(channel_);
  channel_.reset();
  concludeReply(close);
  server_.counters.streams.fetch_sub(1, std::memory_order_relaxed);
  channel->finish();
}

// The client reads too slowly: free the memory of its queue.
void Connection::dropSlow() {
  if (dead()) return;
  server_.counters.droppedSlow.fetch_add(1, std::memory_order_relaxed);
  if (webSocket_) {
    webSocket_->closeCode = 1008;
    webSocket_->closeReason = "too slow";
  }
  cut(true);
}

void Connection::releaseChannel() {
  const std::shared_ptr<Channel> channel = std::move(channel_);
  channel_.reset();
  if (webSocket_) {
    retired_ = std::move(webSocket_);
    WebSocketState* const socket = retired_.get();
    server_.counters.webSockets.fetch_sub(1, std::memory_order_relaxed);
    if (channel) channel->finish();
    if (socket->callbacks.onClosed) {
      io_.guarded("onClosed", [&] { socket->callbacks.onClosed(socket->closeCode, socket->closeReason); });
    }
  } else if (channel) {
    server_.counters.streams.fetch_sub(1, std::memory_order_relaxed);
    channel->finish();
  }
}

void Connection::startWebSocket(const std::shared_ptr<RequestExchange>& exchange, std::shared_ptr<Channel> channel,
                                const std::shared_ptr<WebSocketHandle>& handle, UpgradeStart start) {
  const bool possible = !dead() && exchange_ == exchange && isClean(start.fields);
  if (!possible) {
    channel->finish();
    if (start.callbacks.onClosed) {
      io_.guarded("onClosed", [&] { start.callbacks.onClosed(1006, "the client has gone"); });
    }
    if (!dead() && exchange_ == exchange) {
      log::error("upgrade refused: bad field", {{"request_id", exchange->logId()}});
      Reply reply;
      io_.guarded("onRefused", [&] {
        reply = server_.application.onRefused(exchange, 500, "internal", "the upgrade could not be done");
      });
      reply.status = 500;
      answer(exchange, std::move(reply));
    }
    return;
  }
  std::string& out = output_.text();
  const std::size_t before = out.size();
  out.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
  out.append(webSocketAccept(exchange->head().fields.get("sec-websocket-key"))).append("\r\n");
  if (!start.options.subprotocol.empty()) {
    out.append("Sec-WebSocket-Protocol: ").append(start.options.subprotocol).append("\r\n");
  }
  writeFields(out, start.fields, true);
  out.append("Date: ").append(io_.date());
  out.append("\r\nX-Request-Id: ").append(exchange->requestId()).append("\r\n\r\n");
  const std::size_t headSize = out.size() - before;
  output_.added(headSize);
  appended(headSize);
  streamStart_ = appended_;
  streamStatus_ = 101;
  streamBytes_ = 0;
  webSocket_ = std::make_unique<WebSocketState>(start.options);
  webSocket_->callbacks = std::move(start.callbacks);
  webSocket_->handle = handle;
  webSocket_->pingEvery = start.options.pingEvery;
  if (start.options.pingEvery.count() > 0) webSocket_->pingDue = io_.now() + start.options.pingEvery;
  channel_ = std::move(channel);
  state_ = State::webSocket;
  server_.counters.webSockets.fetch_add(1, std::memory_order_relaxed);
  if (const auto wish = handle->wish()) closeWebSocket(wish->first, wish->second);  // closed before it began
  // Bytes behind the head are the first frames.
  if (!input_.empty() || readReady_) again_ = true;
  if (!turning_ && !dead()) io_.touch(*this);
}

std::size_t Connection::receiveFrames(std::string_view bytes) {
  std::size_t used = 0;
  while (state_ == State::webSocket && webSocket_ && used < bytes.size() && !webSocket_->paused) {
    if (webSocket_->closeSeen) return bytes.size();
    const WebSocketDecoder::Step step = webSocket_->decoder.feed(bytes.substr(used));
    used += step.consumed;
    if (step.event == WebSocketDecoder::Event::none) continue;
    webSocket_->unanswered = 0;
    switch (step.event) {
      case WebSocketDecoder::Event::text:
      case WebSocketDecoder::Event::binary: {
        if (webSocket_->closeSent || !webSocket_->callbacks.onMessage) break;
        const Opcode opcode = step.event == WebSocketDecoder::Event::text ? Opcode::text : Opcode::binary;
        const bool fine = io_.guarded("onMessage", [&] { webSocket_->callbacks.onMessage(opcode, step.payload); });
        if (!fine && state_ == State::webSocket) failWebSocket(1011, "internal error");
        break;
      }
      case WebSocketDecoder::Event::ping:
        if (!webSocket_->closeSent) sendControl(kPong, step.payload);
        break;
      case WebSocketDecoder::Event::close:
        webSocket_->closeSeen = true;
        webSocket_->closeCode = step.code;
        webSocket_->closeReason.assign(step.payload);
        if (!webSocket_->closeSent) {
          webSocket_->closeSent = true;
          if (step.code == 1005) {
            sendControl(kClose, "");
          } else {
            sendControl(kClose, closePayload(step.code, ""));
          }
        }
        finishWebSocket();
        return bytes.size();
      case WebSocketDecoder::Event::error:
        failWebSocket(step.code, step.payload);
        return bytes.size();
      default:
        break;
    }
  }
  return used;
}

// Control frames are exempt from the queue limit, which counts messages only: they are small, and the write timeout
// ends a client that never reads its pings.
void Connection::sendControl(std::uint8_t opcode, std::string_view payload) {
  if (channel_) {
    for (const Channel::Bytes& piece : channel_->take()) appendStreamBytes(piece);
  }
  if (output_.memoryBytes() > webSocket_->maxQueuedBytes + (64U << 10U)) {
    dropSlow();  // a flood of pings from a client that does not read the pongs
    return;
  }
  std::string& out = output_.text();
  const std::size_t before = out.size();
  appendFrame(out, opcode, payload);
  output_.added(out.size() - before);
  appended(out.size() - before);
}

void Connection::closeWebSocket(int code, const std::string& reason) {
  if (state_ != State::webSocket || webSocket_->closeSent) return;
  channel_->shut();
  sendControl(kClose, closePayload(code, reason));
  if (dead()) return;
  webSocket_->closeSent = true;
  webSocket_->paused = false;
  webSocket_->pingDue = TimePoint::max();
  webSocket_->closeDue = io_.now() + kCloseHandshake;
  if (!turning_) io_.touch(*this);
}

void Connection::pauseWebSocket(bool paused) {
  if (state_ != State::webSocket || webSocket_->closeSent) return;
  webSocket_->paused = paused;
  if (paused) return;
  again_ = true;
  if (!turning_) io_.touch(*this);
}

// The client broke the protocol: send it the reason, and do not wait for its close frame.
void Connection::failWebSocket(int code, std::string_view reason) {
  if (!webSocket_->closeSent) {
    webSocket_->closeSent = true;
    sendControl(kClose, closePayload(code, reason));
    if (dead()) return;
  }
  webSocket_->closeCode = code;
  webSocket_->closeReason.assign(reason);
  finishWebSocket();
}

// Both close frames were exchanged: the server closes the TCP connection gracefully.
void Connection::finishWebSocket() {
  if (dead()) return;
  finishes_.push_back({exchange_, 101, streamStart_, appended_});
  exchange_->settle();
  exchange_.reset();
  mustLinger_ = true;
  beginClosing();
  releaseChannel();
}

}  // namespace mortise::http
