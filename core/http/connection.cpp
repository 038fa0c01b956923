#include "core/http/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kReadBudget = IoThread::kReadBuffer;  // what one connection may read before the others continue
// A client that is still sending can read its refusal only if the server keeps reading (RFC 9112, 9.6).
constexpr std::size_t kLingerBytes = 8 << 20;
constexpr auto kRateGrace = std::chrono::seconds(10);

}  // namespace

Connection::Connection(IoThread& io, std::uint64_t id, int fd, std::shared_ptr<const Peer> peer, bool countedByAddress)
    : io_(io),
      server_(io.state()),
      id_(id),
      fd_(fd),
      peer_(std::move(peer)),
      countedByAddress_(countedByAddress),
      parser_(io.state().headLimits),
      idleSince_(io.now()) {
  server_.counters.connections.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
  if (countedByAddress_) server_.addresses.leave(peer_->address);
  server_.counters.connections.fetch_sub(1, std::memory_order_release);
}

void Connection::onEvent(bool readable, bool writable, bool finished, bool hungUp) {
  if (dead()) return;
  if (readable || finished) readReady_ = true;
  if (finished) finishedByPeer_ = true;
  if (hungUp) hungUp_ = true;
  if (writable) blocked_ = false;
  turn();
}

// The only driver: reads and parses, then writes, and repeats when writing has freed output space.
void Connection::turn() {
  if (turning_ || dead()) return;
  turning_ = true;
  budget_ = kReadBudget;
  do {
    again_ = false;
    advance();
    if (!dead()) flush();
  } while (again_ && !dead());
  turning_ = false;
  if (dead()) return;
  const bool stalled = state_ == State::body && receiver_ && receiver_->full();
  if (stalled && stalledSince_ == TimePoint::max()) stalledSince_ = io_.now();
  if (finishedByPeer_ && !reads() && !stalled) noticeGone();
  if (!dead()) schedule();
}

bool Connection::reads() const {
  switch (state_) {
    case State::head:
      return !outputFull();
    case State::body:
      return !receiver_->full();
    case State::lingering:
      return true;
    case State::webSocket:
      return !webSocket_->paused;
    default:
      return false;
  }
}

void Connection::advance() {
  if (!input_.empty() && reads()) consume({});
  if (!dead() && readReady_ && reads()) pump();
}

void Connection::pump() {
  while (!dead() && readReady_ && reads()) {
    if (budget_ == 0) {
      io_.watch(fd_, writeArmed_);  // the rest is reported again, after the other connections
      return;
    }
    const ssize_t got = ::recv(fd_, io_.readBuffer(), IoThread::kReadBuffer, MSG_DONTWAIT);
    if (got > 0) {
      const auto size = static_cast<std::size_t>(got);
      server_.counters.bytesIn.fetch_add(size, std::memory_order_relaxed);
      budget_ -= std::min(budget_, size);
      // A short read has emptied the socket, and the next arrival is a new edge. Only an end of the stream may be
      // pending.
      if (size < IoThread::kReadBuffer && !finishedByPeer_) readReady_ = false;
      consume(std::string_view(io_.readBuffer(), size));
    } else if (got == 0) {
      readReady_ = false;
      onEndOfInput();
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      readReady_ = false;
    } else if (errno != EINTR) {
      cut(false);
      return;
    }
  }
}

void Connection::consume(std::string_view received) {
  std::string held;
  std::string_view bytes = received;
  if (!input_.empty()) {
    input_.append(received);
    held.swap(input_);
    bytes = held;
  }
  const std::size_t used = process(bytes);
  if (dead() || used >= bytes.size()) return;
  if (held.empty()) {
    input_.assign(bytes.substr(used));
  } else {
    held.erase(0, used);
    input_.swap(held);
  }
}

// Returns how many bytes are parsed for good.
std::size_t Connection::process(std::string_view bytes) {
  std::size_t used = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(used);
    switch (state_) {
      case State::head: {
        if (rest.empty() || outputFull()) return used;
        if (!exchange_) {
          exchange_ = std::make_shared<RequestExchange>(io_.shared_from_this(), id_, peer_);
          headSince_ = io_.now();
        }
        switch (parser_.parse(rest, exchange_->mutableHead())) {
          case HeadParser::Result::incomplete:
            return used;
          case HeadParser::Result::refused: {
            Refusal refusal = parser_.refusal();
            refuse(std::move(refusal));
            return bytes.size();
          }
          case HeadParser::Result::complete:
            break;
        }
        used += parser_.consumed();
        parser_.reset();
        onHeadComplete();
        break;
      }
      case State::body: {
        if (rest.empty() || receiver_->full()) return used;
        used += receiveBody(rest);
        break;
      }
      case State::webSocket: {
        if (rest.empty() || webSocket_->paused) return used;
        used += receiveFrames(rest);
        break;
      }
      case State::lingering: {
        lingered_ += rest.size();
        if (lingered_ > kLingerBytes) cut(false);
        return bytes.size();
      }
      case State::closing:
      case State::dead:
        // The rest of a refused request is not parsed.
        if (!rest.empty()) mustLinger_ = true;
        return bytes.size();
      default:
        return used;
    }
  }
}

void Connection::onHeadComplete() {
  headSince_ = TimePoint::max();
  anyRequest_ = true;
  server_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  const std::shared_ptr<RequestExchange> exchange = exchange_;
  exchange->identify();
  exchange->announced = true;
  state_ = State::deciding;
  Application::Verdict verdict;
  if (!io_.guarded("onHead", [&] { verdict = server_.application.onHead(exchange); })) {
    if (state_ == State::deciding) refuse(Refusal(500, "internal", "the request could not be handled"));
    return;
  }
  if (state_ != State::deciding) return;  // already answered, admitted, or cut
  if (verdict.kind == Application::Verdict::Kind::wait || exchange->answered()) {
    state_ = State::waiting;
    return;
  }
  beginBody(verdict.plan);
}

void Connection::admit(const RequestExchange& exchange, const BodyPlan& plan) {
  if (exchange_.get() != &exchange || (state_ != State::waiting && state_ != State::deciding)) return;
  beginBody(plan);
  if (!turning_ && !dead()) io_.touch(*this);
}

void Connection::beginBody(const BodyPlan& plan) {
  const Head& head = exchange_->head();
  if (!head.hasBody()) {
    deliver();
    return;
  }
  Refusal refusal;
  const auto openSpool = [this] {
    const auto progressed = [io = io_.weak_from_this(), id = id_] {
      const auto thread = io.lock();
      if (!thread) return;
      thread->post([thread = thread.get(), id] {
        if (Connection* connection = thread->find(id)) connection->spoolProgressed();
      });
    };
    return std::make_shared<Spool>(server_.spools, server_.counters.spooling, server_.options.spoolDirectory,
                                   progressed);
  };
  BodyBudget::Share share(server_.bodies, standsForOneClient(*peer_, server_.options)
                                              ? ClientNetworks::of(peer_->address).widest()
                                              : std::string());
  receiver_ = BodyReceiver::make(head, plan, openSpool, std::move(share), refusal);
  if (!receiver_) {
    refuse(std::move(refusal));
    return;
  }
  state_ = State::body;
  bodySince_ = bodyProgress_ = io_.now();
  bodyBytes_ = 0;
  stalledSince_ = TimePoint::max();
  if (head.expectContinue) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    output_.text().append(kContinue);
    output_.added(kContinue.size());
    appended(kContinue.size());
  }
}

std::size_t Connection::receiveBody(std::string_view bytes) {
  const std::size_t used = receiver_->feed(bytes);
  bodyProgress_ = io_.now();
  bodyBytes_ += used;
  if (receiver_->refusal()) {
    Refusal refusal = receiver_->refusal();
    refuse(std::move(refusal));
    return bytes.size();
  }
  if (!receiver_->done()) return used;
  if (Refusal refusal = receiver_->close()) {
    refuse(std::move(refusal));
  } else if (receiver_->settled()) {
    finishBody();
  } else {
    state_ = State::storing;
  }
  return used;
}

void Connection::finishBody() {
  Refusal refusal = receiver_->failure();
  if (!refusal) refusal = receiver_->deliver(*exchange_);
  receiver_.reset();
  if (refusal) {
    refuse(std::move(refusal));
  } else {
    deliver();
  }
}

void Connection::spoolProgressed() {
  if (!receiver_) return;  // of a body that was abandoned meanwhile
  if (state_ == State::storing) {
    if (receiver_->settled()) finishBody();
  } else if (Refusal refusal = receiver_->failure()) {
    refuse(std::move(refusal));
  } else if (stalledSince_ != TimePoint::max()) {
    // The client is not charged for the time of the disk.
    bodySince_ += io_.now() - stalledSince_;
    bodyProgress_ = io_.now();
    stalledSince_ = TimePoint::max();
  }
  if (!turning_ && !dead()) io_.touch(*this);
}

void Connection::deliver() {
  state_ = State::handling;
  const std::shared_ptr<RequestExchange> exchange = exchange_;
  if (io_.guarded("onRequest", [&] { server_.application.onRequest(exchange); })) return;
  if (exchange_ == exchange) refuse(Refusal(500, "internal", "the request could not be handled"));
}

void Connection::onEndOfInput() {
  finishedByPeer_ = true;
  switch (state_) {
    case State::head:
      if (output_.empty()) {
        cut(false);
      } else {
        exchange_.reset();
        state_ = State::closing;
      }
      return;
    case State::body:
    case State::webSocket:
    case State::lingering:
      cut(false);
      return;
    default:
      return;
  }
}

// The client has closed its side while the server was not reading. That ends a stream or an unfinished WebSocket; a
// request in progress is notified, and its reply is still sent, since a half-closed client may be waiting for it.
void Connection::noticeGone() {
  if (hungUp_) {
    cut(false);
    return;
  }
  if (exchange_ && exchange_->announced) exchange_->leave();
  if (state_ == State::stream || state_ == State::webSocket) cut(false);
}

void Connection::refuse(Refusal refusal) {
  const std::shared_ptr<RequestExchange> exchange = exchange_;
  receiver_.reset();
  mustLinger_ = true;
  if (!exchange->announced) {
    exchange->identify();
    exchange->announced = true;
  }
  if (!exchange->claim()) {
    // An answer is already on its way; it will see the unread body and close.
    state_ = State::waiting;
    return;
  }
  Reply reply;
  const bool formed = io_.guarded("onRefused", [&] {
    reply = server_.application.onRefused(exchange, refusal.status, refusal.code, refusal.detail);
  });
  if (!formed || reply.status < 200) {
    reply = Reply();
    reply.status = refusal.status;
    reply.fields.add("Content-Type", "text/plain; charset=utf-8");
    reply.body = refusal.detail + "\n";
  }
  reply.closeAfter = true;
  answer(exchange, std::move(reply));
}

void Connection::refuseConnection() {
  exchange_ = std::make_shared<RequestExchange>(io_.shared_from_this(), id_, peer_);
  refuse(Refusal(503, "unavailable", "too many connections"));
}

void Connection::drain() {
  switch (state_) {
    case State::head:
      if (!exchange_ && output_.empty()) cut(false);
      return;
    case State::stream: {
      // Any moment is a whole end for events. Other bytes end with their producer, or are cut with the drain's end.
      if (heartbeat_.empty()) return;
      const std::shared_ptr<Channel> channel = channel_;
      pullChannel();
      if (dead() || channel_ != channel) return;
      channel->shut();
      concludeStream();
      io_.touch(*this);
      return;
    }
    case State::webSocket:
      closeWebSocket(1001, "server is going away");
      return;
    default:
      return;
  }
}

void Connection::cut(bool reset) {
  if (dead()) return;
  const State was = state_;
  state_ = State::dead;
  if (reset) {
    // Bytes queued in the kernel for a client that does not read must not outlive the connection. close() then sends a
    // reset; shutdown() before it would send an orderly end.
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  } else {
    ::shutdown(fd_, SHUT_RDWR);
  }
  server_.buffered.fetch_sub(accounted_, std::memory_order_relaxed);
  accounted_ = 0;
  output_.clear();
  input_.clear();
  receiver_.reset();
  for (std::size_t i = 0; i < finishes_.size(); ++i) {
    const Finish& finish = finishes_[i];
    const std::uint64_t bytes = sent_ > finish.start ? std::min(sent_, finish.end) - finish.start : 0;
    endExchange(finish.exchange, finish.status, bytes, sent_ >= finish.end);
  }
  finishes_.clear();
  if (const std::shared_ptr<RequestExchange> exchange = std::move(exchange_)) {
    exchange_.reset();
    if (exchange->announced) {
      exchange->leave();
      const bool streaming = was == State::stream || was == State::webSocket;
      const std::uint64_t bytes = streaming && sent_ > streamStart_ ? sent_ - streamStart_ : 0;
      endExchange(exchange, streaming ? streamStatus_ : 0, bytes, false);
    }
  }
  releaseChannel();
  io_.bury(*this);
}

TimePoint Connection::nextDeadline() const {
  const ServerOptions& options = server_.options;
  TimePoint due = TimePoint::max();
  const bool writing = !output_.empty();
  // A store that delays a download has its own time limits.
  if (writing && !starved_) due = writeProgress_ + options.writeTimeout;
  switch (state_) {
    case State::head:
      if (writing) break;  // a download in progress: only the write timeout applies
      if (exchange_) {
        due = headSince_ + options.headTimeout;
      } else {
        due = idleSince_ + (anyRequest_ ? options.idleTimeout : options.firstByteTimeout);
      }
      break;
    case State::body: {
      if (stalledSince_ != TimePoint::max()) break;  // the disk delays the body, not the client
      due = std::min(due, bodyProgress_ + options.bodyIdleTimeout);
      // The moment at which the average rate would fall below the minimum without further bytes.
      if (options.bodyMinimumRate > 0) {
        const auto earned = std::chrono::milliseconds(bodyBytes_ * 1000 / options.bodyMinimumRate);
        due = std::min(due, bodySince_ + std::max<Clock::duration>(
                                             kRateGrace, std::min<Clock::duration>(earned, std::chrono::hours(24))));
      }
      break;
    }
    case State::lingering:
      due = std::min(due, lingerUntil_);
      break;
    case State::stream:
      due = std::min(due, heartbeatDue_);
      break;
    case State::webSocket:
      due = std::min({due, webSocket_->pingDue, webSocket_->closeDue});
      break;
    default:
      break;
  }
  return due;
}

void Connection::schedule() {
  const TimePoint due = nextDeadline();
  if (due < armed) io_.arm(*this, due);
}

void Connection::onTimer() {
  if (dead()) return;
  const TimePoint now = io_.now();
  if (nextDeadline() <= now) {
    const bool writing = !output_.empty();
    if (writing && !starved_ && writeProgress_ + server_.options.writeTimeout <= now) {
      server_.counters.droppedSlow.fetch_add(1, std::memory_order_relaxed);
      cut(true);
      return;
    }
    switch (state_) {
      case State::head:
        if (exchange_) {
          refuse(Refusal(408, "timeout", "the request head did not arrive in time"));
        } else {
          cut(false);
        }
        break;
      case State::body:
        refuse(Refusal(408, "timeout", "the request body arrived too slowly"));
        break;
      case State::lingering:
        cut(false);
        break;
      case State::stream:
        heartbeatDue_ = now + heartbeatEvery_;
        appendStreamBytes(std::make_shared<const std::string>(heartbeat_));
        break;
      case State::webSocket:
        if (webSocket_->closeDue <= now) {
          cut(false);
        } else {
          webSocket_->pingDue = now + webSocket_->pingEvery;
          if (webSocket_->unanswered >= 2) {
            cut(false);
          } else {
            ++webSocket_->unanswered;
            sendControl(0x9, "");
          }
        }
        break;
      default:
        break;
    }
  }
  if (!dead()) turn();
}

}  // namespace mortise::http
