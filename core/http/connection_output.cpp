// Replies of a connection: head, body, file; the write path; the steps after the last byte.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "core/base/status_phrase.hpp"
#include "core/http/ascii.hpp"
#include "core/http/connection.hpp"
#include "core/http/file_reply.hpp"
#include "core/http/http_date.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kCopiedBody = 16 << 10;     // up to this size a body shares one buffer with its head
constexpr std::size_t kOutputRoom = 256 << 10;    // above this no further request is read
constexpr std::size_t kFileBudget = 2 << 20;      // per turn
constexpr std::uint64_t kCorkedFile = 256 << 10;  // from this size on a file is sent in full segments only
constexpr auto kLingerTime = std::chrono::seconds(2);

bool isClean(std::string_view text) {
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0') return false;
  }
  return true;
}

bool areClean(const Fields& fields) {
  for (const Field& field : fields.all()) {
    if (field.name.empty() || !isClean(field.value)) return false;
    for (const char c : field.name) {
      if (!isTokenCharacter(c)) return false;
    }
  }
  return true;
}

void appendNumber(std::string& out, std::uint64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

}  // namespace

bool Connection::outputFull() const { return output_.memoryBytes() > kOutputRoom || output_.fileBytes() > 0; }

bool Connection::answer(const std::shared_ptr<RequestExchange>& exchange, Reply reply) {
  if (dead() || exchange_ != exchange) return false;
  const bool badStatus = reply.status < 200 || reply.status > 999;
  if (badStatus || !areClean(reply.fields)) {
    // A line break in a field would let a value write its own header. This is a fault of the application, so it gives a
    // 500 and a log line.
    log::error("reply refused: bad status or field", {{"request_id", exchange->logId()}, {"status", reply.status}});
    Reply instead;
    io_.guarded("onRefused", [&] {
      instead = server_.application.onRefused(exchange, 500, "internal", "the reply could not be sent");
    });
    if (!areClean(instead.fields)) instead = Reply();
    instead.status = 500;
    instead.closeAfter = true;
    reply = std::move(instead);
  }
  if (reply.file) {
    writeFile(exchange, reply);
  } else {
    writeReply(exchange, reply);
  }
  if (!turning_ && !dead()) io_.touch(*this);
  return true;
}

void Connection::openHead(std::string& out, int status) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
    return;
  }
  out.append("HTTP/1.1 ");
  appendNumber(out, static_cast<std::uint64_t>(status));
  out.push_back(' ');
  out.append(statusPhrase(status));
  out.append("\r\n");
}

// The server writes these fields itself, so it ignores the application's.
void Connection::writeFields(std::string& out, const Fields& fields, bool ownLength) {
  for (const Field& field : fields.all()) {
    const std::string_view name = field.name;
    switch (name.size()) {
      case 4:
        if (equalsNoCase(name, "date")) continue;
        break;
      case 10:
        if (equalsNoCase(name, "connection")) continue;
        break;
      case 12:
        if (equalsNoCase(name, "x-request-id")) continue;
        break;
      case 14:
        if (ownLength && equalsNoCase(name, "content-length")) continue;
        break;
      case 17:
        if (equalsNoCase(name, "transfer-encoding")) continue;
        break;
      default:
        break;
    }
    out.append(field.name).append(": ").append(field.value).append("\r\n");
  }
}

void Connection::closeHead(std::string& out, const RequestExchange& exchange, bool close) {
  out.append("Date: ").append(io_.date());
  out.append("\r\nX-Request-Id: ").append(exchange.requestId());
  if (close) {
    out.append("\r\nConnection: close");
  } else if (exchange.head().versionMinor == 0) {
    out.append("\r\nConnection: keep-alive");
  }
  out.append("\r\n\r\n");
}

bool Connection::mustCloseAfter(const RequestExchange& exchange) const {
  const Head& head = exchange.head();
  const bool bodyUnread = state_ != State::handling && head.hasBody();
  return bodyUnread || !head.keepAlive || mustLinger_ || server_.draining.load(std::memory_order_relaxed);
}

void Connection::writeReply(const std::shared_ptr<RequestExchange>& exchange, Reply& reply) {
  const Head& head = exchange->head();
  if (state_ != State::handling && head.hasBody()) mustLinger_ = true;
  const bool close =
      mustCloseAfter(*exchange) || reply.closeAfter || listContains(reply.fields.get("connection"), "close");
  const bool bodyless = reply.status == 204 || reply.status == 304;
  const bool silent = bodyless || head.method == Method::head;

  std::string& out = output_.text();
  const std::size_t before = out.size();
  openHead(out, reply.status);
  writeFields(out, reply.fields, true);
  if (!bodyless) {
    out.append("Content-Length: ");
    appendNumber(out, reply.body.size());
    out.append("\r\n");
  }
  closeHead(out, *exchange, close);
  const std::size_t headSize = out.size() - before;
  const std::size_t bodySize = silent ? 0 : reply.body.size();
  if (bodySize <= kCopiedBody) {
    if (bodySize > 0) out.append(reply.body);
    output_.added(headSize + bodySize);
  } else {
    output_.added(headSize);
    output_.push(std::move(reply.body));
  }
  const std::uint64_t start = appended_ + headSize;
  appended(headSize + bodySize);
  finishes_.push_back({exchange, reply.status, start, start + bodySize});
  concludeReply(close);
}

void Connection::refuseFile(const std::shared_ptr<RequestExchange>& exchange, int status, std::string_view code,
                            std::string_view detail, const Fields& fields) {
  Reply instead;
  io_.guarded("onRefused", [&] { instead = server_.application.onRefused(exchange, status, code, detail); });
  instead.status = status;
  instead.file.reset();
  if (!areClean(instead.fields)) instead.fields = Fields();
  for (const Field& field : fields.all()) instead.fields.add(field.name, field.value);
  writeReply(exchange, instead);
}

void Connection::writeFile(const std::shared_ptr<RequestExchange>& exchange, Reply& reply) {
  const Head& head = exchange->head();
  const std::shared_ptr<ByteSource> file = reply.file->file;
  struct stat info {};
  const bool isHere = file && file->fd() >= 0;
  if (!file || (isHere && (::fstat(file->fd(), &info) != 0 || !S_ISREG(info.st_mode)))) {
    log::error("reply refused: its file is not a regular file", {{"request_id", exchange->logId()}});
    refuseFile(exchange, 500, "internal", "the file could not be sent", {});
    return;
  }
  const std::uint64_t size = isHere ? static_cast<std::uint64_t>(info.st_size) : file->size();
  const FileSelection selection = selectFile(head, reply.status, *reply.file, size);
  if (selection.status == 416) {
    refuseFile(exchange, 416, "range_not_satisfiable", "the range lies outside the file", selection.fields);
    return;
  }
  if (state_ != State::handling && head.hasBody()) mustLinger_ = true;
  const bool close =
      mustCloseAfter(*exchange) || reply.closeAfter || listContains(reply.fields.get("connection"), "close");
  const bool bodyless = selection.status == 304 || selection.status == 204;
  const std::uint64_t bodySize = bodyless || head.method == Method::head ? 0 : selection.length;
  std::string& out = output_.text();
  const std::size_t before = out.size();
  openHead(out, selection.status);
  for (const Field& field : selection.fields.all()) reply.fields.set(field.name, field.value);
  writeFields(out, reply.fields, true);
  if (!bodyless) {
    out.append("Content-Length: ");
    appendNumber(out, selection.length);
    out.append("\r\n");
  }
  closeHead(out, *exchange, close);
  const std::size_t headSize = out.size() - before;
  output_.added(headSize);
  queueFile(file, selection.offset, bodySize);
  const std::uint64_t start = appended_ + headSize;
  appended(headSize + bodySize);
  finishes_.push_back({exchange, selection.status, start, start + bodySize});
  concludeReply(close);
}

// While a big file is sent, TCP_NODELAY would send the odd end of each sendfile piece as its own segment. Uncorking
// sends the last one. A Unix socket has no such option and needs none.
void Connection::cork(bool on) {
  if (on == corked_) return;
  corked_ = on;
  const int value = on ? 1 : 0;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

void Connection::queueFile(const std::shared_ptr<ByteSource>& file, std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  if (file->fd() >= 0) {
    if (length >= kCorkedFile) cork(true);
    output_.push(file, offset, length);
    return;
  }
  const auto arrived = [io = io_.weak_from_this(), id = id_] {
    const auto thread = io.lock();
    if (!thread) return;
    thread->post([thread = thread.get(), id] {
      if (Connection* connection = thread->find(id)) connection->pieceArrived();
    });
  };
  const auto range =
      std::make_shared<PulledRange>(file, offset, length, server_.readers(),
                                    PulledRange::Budget{server_.buffered, server_.options.totalBuffer}, arrived);
  output_.push(range, length);
  range->pull();
}

void Connection::pieceArrived() {
  if (!starved_) return;  // the output waits for another piece
  starved_ = false;
  writeProgress_ = io_.now();
  turn();
}

// The exchange is answered as far as reading is concerned; its end is reported after the last byte.
void Connection::concludeReply(bool close) {
  exchange_->settle();
  exchange_.reset();
  receiver_.reset();
  idleSince_ = io_.now();
  headSince_ = TimePoint::max();
  if (close) {
    beginClosing();
  } else {
    state_ = State::head;
    if (!input_.empty() || readReady_) again_ = true;
  }
}

void Connection::beginClosing() {
  if (!input_.empty() || (readReady_ && !finishedByPeer_)) mustLinger_ = true;
  input_.clear();
  state_ = State::closing;
  again_ = true;
}

void Connection::appended(std::uint64_t bytes) {
  if (appended_ == sent_) writeProgress_ = io_.now();  // the queue was empty: the write timeout starts here
  appended_ += bytes;
  if (flushing_) again_ = true;
  accountOutput();
}

void Connection::accountOutput() {
  const std::size_t waiting = output_.memoryBytes();
  if (waiting >= accounted_) {
    server_.buffered.fetch_add(waiting - accounted_, std::memory_order_relaxed);
  } else {
    server_.buffered.fetch_sub(accounted_ - waiting, std::memory_order_relaxed);
  }
  accounted_ = waiting;
}

void Connection::flush() {
  flushing_ = true;
  writeOut();
  flushing_ = false;
}

void Connection::writeOut() {
  if (channel_) pullChannel();
  if (dead()) return;
  if (!output_.empty() && !blocked_) {
    const bool wasFull = outputFull();
    const OutputQueue::Sent sent = output_.send(fd_, kFileBudget);
    starved_ = sent.outcome == OutputQueue::Outcome::starved;
    if (sent.bytes > 0) {
      sent_ += sent.bytes;
      writeProgress_ = io_.now();
      server_.counters.bytesOut.fetch_add(sent.bytes, std::memory_order_relaxed);
    }
    accountOutput();
    switch (sent.outcome) {
      case OutputQueue::Outcome::drained:
        break;
      case OutputQueue::Outcome::blocked:
        blocked_ = true;
        if (!writeArmed_) {
          writeArmed_ = true;
          io_.watch(fd_, true);
        }
        break;
      case OutputQueue::Outcome::budget:
        writeArmed_ = true;
        io_.watch(fd_, true);  // re-arming reports a writable socket at once, after the other connections
        break;
      case OutputQueue::Outcome::truncated:
        log::warning("a file shrank while it was sent", {{"request_id", finishes_.front().exchange->logId()}});
        cut(false);  // as below
        return;
      case OutputQueue::Outcome::starved:
        break;
      case OutputQueue::Outcome::failed:
        // The file is shorter than its head says: only a cut connection tells the client.
        log::error("a reply broke off: its bytes could not be read",
                   {{"request_id", finishes_.front().exchange->logId()}, {"reason", output_.pullFailure()}});
        cut(false);  // a reset would throw away what was read already, the head among it
        return;
      case OutputQueue::Outcome::broken:
        cut(false);
        return;
    }
    settleFinished();
    if (dead()) return;
    if (wasFull && !outputFull() && state_ == State::head && (!input_.empty() || readReady_)) again_ = true;
    if (channel_) channel_->sent(output_.memoryBytes());
    if (dead()) return;
    if (blocked_ && server_.buffered.load(std::memory_order_relaxed) > server_.options.totalBuffer) {
      log::warning("all output buffers together are full; dropping a connection", {{"connection", id_}});
      dropSlow();
      return;
    }
  }
  if (output_.empty()) outputDone();
}

void Connection::settleFinished() {
  std::size_t done = 0;
  while (done < finishes_.size() && finishes_[done].end <= sent_) ++done;
  if (done == 0) return;
  // Removed from the list first, because the callbacks may re-enter this connection.
  std::vector<Finish> finished;
  if (done == finishes_.size()) {
    finished.swap(finishes_);
  } else {
    const auto middle = finishes_.begin() + static_cast<std::ptrdiff_t>(done);
    finished.assign(std::make_move_iterator(finishes_.begin()), std::make_move_iterator(middle));
    finishes_.erase(finishes_.begin(), middle);
  }
  for (const Finish& finish : finished) endExchange(finish.exchange, finish.status, finish.end - finish.start, true);
}

void Connection::outputDone() {
  cork(false);
  if (writeArmed_) {
    writeArmed_ = false;
    io_.watch(fd_, false);
  }
  if (state_ == State::head) {
    if (!exchange_ && server_.draining.load(std::memory_order_relaxed)) cut(false);
    return;
  }
  if (state_ != State::closing) return;
  if (!mustLinger_ || finishedByPeer_) {
    cut(false);
    return;
  }
  // Closing now, with unread bytes of the client, would reset the connection and could lose the reply.
  ::shutdown(fd_, SHUT_WR);
  state_ = State::lingering;
  lingerUntil_ = io_.now() + kLingerTime;
  readReady_ = true;
  again_ = true;
}

void Connection::endExchange(const std::shared_ptr<RequestExchange>& exchange, int status, std::uint64_t bytes,
                             bool completed) {
  exchange->settle();
  if (!exchange->announced) return;
  exchange->announced = false;
  io_.guarded("onFinished", [&] { server_.application.onFinished(exchange, status, bytes, completed); });
}

}  // namespace mortise::http
