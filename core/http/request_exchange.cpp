#include "core/http/request_exchange.hpp"

#include <system_error>

#include "core/base/file_source.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/text.hpp"
#include "core/http/ascii.hpp"
#include "core/http/channel.hpp"
#include "core/http/connection.hpp"
#include "core/http/gzip.hpp"
#include "core/http/stream_handle.hpp"
#include "core/http/websocket_handle.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;
constexpr std::size_t kCompressOnLoop = 64 << 10;  // an I/O thread compresses at most this much

bool isSaneRequestId(std::string_view id) {
  if (id.empty() || id.size() > kMaxRequestIdBytes) return false;
  for (const char c : id) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c);
    if (!alphanumeric && std::string_view("-_.:+/=@").find(c) == std::string_view::npos) return false;
  }
  return true;
}

// Spreads a counter, so that ids of neighbouring requests look unrelated (splitmix64).
std::uint64_t scatter(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

}  // namespace

RequestExchange::RequestExchange(std::shared_ptr<IoThread> io, std::uint64_t connectionId,
                                 std::shared_ptr<const Peer> peer)
    : io_(std::move(io)), connectionId_(connectionId), peer_(std::move(peer)), received_(io_->now()) {}

void RequestExchange::identify() {
  const std::string_view clientId = head_.fields.get("x-request-id");
  if (isSaneRequestId(clientId)) clientId_.assign(clientId);
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::uint64_t first = scatter(io_->requestSeed() + io_->nextRequestNumber());
  const std::uint64_t second = scatter(first ^ io_->requestSeed());
  ownId_.resize(32);
  for (std::size_t i = 0; i < 16; ++i) {
    ownId_[i] = kDigits[(first >> (60 - 4 * i)) & 0xF];
    ownId_[16 + i] = kDigits[(second >> (60 - 4 * i)) & 0xF];
  }
}

// Expensive steps run here, in the caller's thread: compressing, and moving a huge body into a file.
void RequestExchange::prepare(Reply& reply) const {
  if (reply.file || reply.body.empty()) return;
  const bool onLoop = io_->inThread();
  if (!onLoop || reply.body.size() < kCompressOnLoop) compressReply(head_, reply);
  const ServerOptions& options = io_->state().options;
  if (reply.body.size() > options.maxResponseBuffer) {
    try {
      TemporaryFile file(options.spoolDirectory);
      file.write(reply.body);
      reply.file = FileBody{std::make_shared<FileSource>(file.release(), reply.body.size()), "", 0};
      std::string().swap(reply.body);
    } catch (const std::system_error& error) {
      // Then the body stays in memory.
      log::error("cannot move a reply into a file", {{"request_id", ownId_}, {"reason", error.what()}});
    }
  }
}

bool RequestExchange::reply(Reply reply) {
  if (!claim()) return false;
  prepare(reply);
  if (io_->inThread()) {
    Connection* connection = io_->find(connectionId_);
    return connection && connection->answer(self(), std::move(reply));
  }
  return io_->post([exchange = self(), held = std::make_shared<Reply>(std::move(reply))] {
    if (Connection* connection = exchange->io_->find(exchange->connectionId_))
      connection->answer(exchange, std::move(*held));
  });
}

void RequestExchange::admit(BodyPlan plan) {
  if (io_->inThread()) {
    if (Connection* connection = io_->find(connectionId_)) connection->admit(*this, plan);
    return;
  }
  io_->post([exchange = self(), plan] {
    if (Connection* connection = exchange->io_->find(exchange->connectionId_)) connection->admit(*exchange, plan);
  });
}

std::shared_ptr<Stream> RequestExchange::startStream(int status, Fields fields, std::string heartbeat,
                                                     std::chrono::seconds heartbeatEvery) {
  if (!claim()) return nullptr;
  auto channel = std::make_shared<Channel>(io_, connectionId_, io_->state().options.streamBuffer);
  auto stream = std::make_shared<StreamHandle>(channel);
  Connection::StreamStart start{status, std::move(fields), std::move(heartbeat), heartbeatEvery};
  if (io_->inThread()) {
    if (Connection* connection = io_->find(connectionId_)) {
      connection->startStream(self(), channel, std::move(start));
    } else {
      channel->finish();
    }
    return stream;
  }
  const bool posted = io_->post([exchange = self(), channel, start = std::move(start)] {
    if (Connection* connection = exchange->io_->find(exchange->connectionId_)) {
      connection->startStream(exchange, channel, start);
    } else {
      channel->finish();
    }
  });
  if (!posted) channel->finish();
  return stream;
}

bool RequestExchange::wantsWebSocket() const {
  const Fields& fields = head_.fields;
  if (head_.method != Method::get || head_.versionMinor < 1 || head_.hasBody()) return false;
  if (!listContains(fields.get("upgrade"), "websocket") || !listContains(fields.get("connection"), "upgrade"))
    return false;
  if (fields.get("sec-websocket-version") != "13" || fields.count("sec-websocket-key") != 1) return false;
  const std::optional<std::string> key = text::fromBase64(fields.get("sec-websocket-key"));
  return key && key->size() == 16;
}

std::vector<std::string> RequestExchange::offeredSubprotocols() const {
  std::vector<std::string> offered;
  for (const Field& field : head_.fields.all()) {
    if (!equalsNoCase(field.name, "sec-websocket-protocol")) continue;
    std::string_view rest = field.value;
    std::string_view item;
    while (nextListItem(rest, item)) offered.emplace_back(item);
  }
  return offered;
}

std::shared_ptr<WebSocket> RequestExchange::upgrade(WebSocket::Options options, WebSocket::Callbacks callbacks,
                                                    Fields fields) {
  if (!wantsWebSocket() || !claim()) return nullptr;
  auto channel = std::make_shared<Channel>(io_, connectionId_, options.maxQueuedBytes);
  auto socket = std::make_shared<WebSocketHandle>(channel);
  channel->onDrained(callbacks.onDrained);
  auto start = std::make_shared<Connection::UpgradeStart>(
      Connection::UpgradeStart{std::move(options), std::move(callbacks), std::move(fields)});
  const auto begin = [exchange = self(), channel, socket, start] {
    if (Connection* connection = exchange->io_->find(exchange->connectionId_)) {
      connection->startWebSocket(exchange, channel, socket, std::move(*start));
      return;
    }
    channel->finish();
    if (start->callbacks.onClosed) {
      exchange->io_->guarded("onClosed", [&] { start->callbacks.onClosed(1006, "the client has gone"); });
    }
  };
  if (io_->inThread()) {
    begin();
  } else if (!io_->post(begin)) {
    channel->finish();
    return nullptr;
  }
  return socket;
}

void RequestExchange::onClientGone(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (settled_) return;
    if (!clientGone()) {
      goneCallbacks_.push_back(std::move(callback));
      return;
    }
  }
  if (io_->inThread()) {
    io_->guarded("onClientGone", callback);
  } else {
    io_->post([io = io_, callback = std::move(callback)] { io->guarded("onClientGone", callback); });
  }
}

void RequestExchange::leave() {
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    if (gone_.exchange(true, std::memory_order_acq_rel)) return;
    callbacks.swap(goneCallbacks_);
  }
  for (const auto& callback : callbacks) io_->guarded("onClientGone", callback);
}

void RequestExchange::settle() {
  std::vector<std::function<void()>> forgotten;
  const std::lock_guard lock(mutex_);
  settled_ = true;
  forgotten.swap(goneCallbacks_);
}

}  // namespace mortise::http
