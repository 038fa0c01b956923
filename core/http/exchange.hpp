// One request and its reply, as the kernel sees it. Reference-counted; the connection may end before it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.hpp"

namespace mortise::http {

// A reply that continues: server-sent events or any chunked download. A handle; every member is [any thread].
class Stream {
 public:
  virtual ~Stream() = default;
  // Queues bytes (shared by many streams without a copy). Returns false once the client is gone, or was dropped because
  // its queue exceeded `http.stream_buffer` (1 MiB): the caller must stop.
  virtual bool send(std::shared_ptr<const std::string> bytes) = 0;
  virtual void close() = 0;                     // ends the body properly after the queued bytes
  virtual void abort() = 0;                     // cuts the connection: the client sees that the body is not whole
  virtual std::size_t queuedBytes() const = 0;  // for producers that throttle themselves
  virtual bool open() const = 0;
  // Called once, on the I/O thread, when the stream has ended for any reason. At once when it has ended already.
  virtual void onClosed(std::function<void()> callback) = 0;
  // Called on the I/O thread each time the queue falls below 256 KiB after it was above.
  virtual void onDrained(std::function<void()> callback) = 0;
};

enum class Opcode : std::uint8_t { text = 1, binary = 2 };

// An upgraded connection (RFC 6455). A handle; every member is [any thread]. Callbacks run on the I/O thread, one at a
// time.
class WebSocket {
 public:
  struct Callbacks {
    std::function<void(Opcode, std::string_view message)> onMessage;
    std::function<void(int code, std::string_view reason)> onClosed;  // exactly once; 1006 when the connection was cut
    std::function<void()> onDrained;
  };
  struct Options {
    std::string subprotocol;                // the selected one; empty = none
    std::size_t maxMessageBytes = 1 << 20;  // over it: 1009
    std::size_t maxQueuedBytes = 1 << 20;   // towards the client; over it the client is dropped (1008)
    std::chrono::seconds pingEvery{30};     // dropped after two unanswered pings
  };
  virtual ~WebSocket() = default;
  virtual bool send(Opcode opcode, std::string message) = 0;
  virtual void close(int code, std::string reason) = 0;
  virtual void pauseReading(bool paused) = 0;  // back-pressure towards the client
  virtual std::size_t queuedBytes() const = 0;
  virtual bool open() const = 0;
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  virtual ~Exchange() = default;

  virtual const Head& head() const = 0;
  virtual const Peer& peer() const = 0;
  virtual std::uint64_t connectionId() const = 0;
  // What the reply carries as X-Request-Id: the client's, if it sent a well-formed one, else logId().
  virtual const std::string& requestId() const = 0;
  // Ours, of which there is only one: the log's request_id. 32 hex digits, behind the prefix of its family.
  virtual const std::string& logId() const { return requestId(); }
  virtual std::string_view clientRequestId() const { return {}; }
  // What the family of the request asks of ids. Once, in Application::onHead, before the reply. Null accepts all.
  virtual void markRequestId(std::string_view prefix, bool (*accepts)(std::string_view clientId)) {
    static_cast<void>(prefix);
    static_cast<void>(accepts);
  }
  virtual std::chrono::steady_clock::time_point received() const = 0;

  // The body; complete when Application::onRequest is called.
  virtual std::string_view body() const = 0;
  virtual const std::shared_ptr<ByteSource>& spooled() const = 0;
  virtual const std::vector<Part>& parts() const = 0;

  // [any] Answers. The first of reply/startStream/upgrade counts; later ones are ignored and return false/null.
  virtual bool reply(Reply reply) = 0;
  // [any] Only after Application::onHead answered `wait`: continue and read the body, if any.
  virtual void admit(BodyPlan plan) = 0;
  // [any] Sends status and fields (chunked; no compression) and returns the stream. `heartbeat` (may be empty) is sent
  // whenever nothing was sent for `heartbeatEvery`.
  virtual std::shared_ptr<Stream> startStream(int status, Fields fields, std::string heartbeat,
                                              std::chrono::seconds heartbeatEvery) = 0;
  // [any] True when the head is a valid WebSocket upgrade (GET, 1.1, version 13, 16-byte key).
  virtual bool wantsWebSocket() const = 0;
  virtual std::vector<std::string> offeredSubprotocols() const = 0;
  virtual std::shared_ptr<WebSocket> upgrade(WebSocket::Options options, WebSocket::Callbacks callbacks,
                                             Fields fields) = 0;

  virtual bool clientGone() const = 0;
  virtual void onClientGone(
      std::function<void()> callback) = 0;  // [I/O thread] called once if the client leaves before the reply is sent

  // The kernel's own per-request data (route, principal, ...). Not used by the server.
  std::shared_ptr<void> attachment;
};
using ExchangePtr = std::shared_ptr<Exchange>;

// The server's callbacks. Every member runs on an I/O thread and must not block.
class Application {
 public:
  struct Verdict {
    enum class Kind : std::uint8_t { receive, wait } kind = Kind::receive;
    BodyPlan plan;
  };
  virtual ~Application() = default;
  // The head is complete. Return `receive` with a plan; or call exchange.reply() to refuse (then the body is not read
  // and the connection closes); or return `wait` and call admit()/reply() later from any thread. Expect: 100-continue
  // is answered when a plan is returned.
  virtual Verdict onHead(const ExchangePtr& exchange) = 0;
  // The body is complete (or there is none).
  virtual void onRequest(const ExchangePtr& exchange) = 0;
  // The server itself refuses the request: 400, 408, 411, 413, 414, 431, 501 (a transfer coding), 503, 505. `exchange`
  // may lack parts of its head (the target is empty when the request line was bad). The application writes the body in
  // the right envelope.
  virtual Reply onRefused(const ExchangePtr& exchange, int status, std::string_view code, std::string_view detail) = 0;
  // The exchange has ended. `bytes`: sent with the body; `completed`: false when the client left early.
  virtual void onFinished(const ExchangePtr& exchange, int status, std::uint64_t bytes, bool completed) = 0;
};

}  // namespace mortise::http
