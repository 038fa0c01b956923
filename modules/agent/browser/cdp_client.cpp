#include "browser/cdp_client.hpp"

#include <mortise/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "json_text.hpp"

namespace agent::browser {
namespace {

using namespace std::chrono_literals;
using mortise::models::objectMember;

constexpr std::size_t kMaxMessage =
    16U << 20U;  // a picture of a whole window takes less; read, it takes many times as much
constexpr std::size_t kBytesOfEvent = 4096;  // larger messages count as several events
constexpr std::size_t kMaxOutbox = 16U << 20U;
constexpr std::size_t kPiece = 256U << 10U;
constexpr auto kAskStopped = 100ms;

void setNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

CdpClient::CdpClient(sandbox::Fd fromBrowser, sandbox::Fd toBrowser, OnEvent onEvent)
    : from_(std::move(fromBrowser)), to_(std::move(toBrowser)), onEvent_(std::move(onEvent)), splitter_(kMaxMessage) {
  setNonBlocking(from_.get());
  setNonBlocking(to_.get());
  thread_ = std::thread([this] { run(); });
}

CdpClient::~CdpClient() {
  close("the browser is closed");
  thread_.join();
}

bool CdpClient::isOpen() const {
  const std::lock_guard lock(mutex_);
  return reason_.empty();
}

void CdpClient::close(std::string reason) {
  const std::lock_guard lock(mutex_);
  closeLocked(std::move(reason));
}

void CdpClient::closeLocked(std::string reason) {
  if (reason_.empty()) reason_ = std::move(reason);
  outbox_.clear();
  changed_.notify_all();
  wake_.call();
}

// Under the lock.
std::uint64_t CdpClient::put(std::string_view session, std::string_view method, const std::string& params) {
  const auto id = ++last_;
  mortise::json::Object message;
  message.add("id", id).add("method", method).add("params", mortise::json::raw(params));
  if (!session.empty()) message.add("sessionId", session);
  outbox_ += message.build().text();
  outbox_ += '\0';
  if (outbox_.size() > kMaxOutbox) closeLocked("the browser does not read what it is told");
  wake_.call();
  return id;
}

void CdpClient::send(std::string_view session, std::string_view method, const std::string& params) {
  const std::lock_guard lock(mutex_);
  if (reason_.empty()) put(session, method, params);
}

rapidjson::Document CdpClient::call(const Call& call, const std::function<bool()>& stopped) {
  const auto deadline = Clock::now() + call.limit;
  Waiting answer;
  std::unique_lock lock(mutex_);
  if (!reason_.empty()) throw Fault(Fault::Kind::closed, reason_);
  events_ = 0;
  const auto id = put(call.session, call.method, call.params);
  waiting_[id] = &answer;
  const auto forget = [&] { waiting_.erase(id); };
  for (;;) {
    if (answer.done) break;
    if (!reason_.empty()) {
      forget();
      throw Fault(Fault::Kind::closed, reason_);
    }
    if (Clock::now() >= deadline) {
      forget();
      throw Fault(Fault::Kind::late, std::string(call.method) + " was not answered in time");
    }
    if (stopped) {
      lock.unlock();
      const bool ends = stopped();
      lock.lock();
      if (answer.done) break;
      if (ends) {
        forget();
        throw Fault(Fault::Kind::stopped, "stopped");
      }
    }
    changed_.wait_until(lock, std::min(deadline, Clock::now() + kAskStopped));
  }
  if (!answer.error.empty()) throw Fault(Fault::Kind::refused, answer.error);
  return std::move(answer.result);
}

void CdpClient::run() {
  // Writing into a pipe that the browser closed must be an error here, not the end of the server.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  for (;;) {
    bool writes = false;
    {
      const std::lock_guard lock(mutex_);
      if (!reason_.empty()) break;
      writes = !outbox_.empty();
    }
    std::array<pollfd, 3> watched{{{from_.get(), POLLIN, 0}, {wake_.fd(), POLLIN, 0}, {to_.get(), POLLOUT, 0}}};
    if (poll(watched.data(), writes ? 3 : 2, -1) < 0 && errno != EINTR) {
      close("the browser can't be waited for");
      break;
    }
    wake_.heard();
    if (!writeAll() || !readAll()) {
      close("the browser has gone");
      break;
    }
  }
  from_.reset();
  to_.reset();
}

bool CdpClient::writeAll() {
  const std::lock_guard lock(mutex_);
  std::size_t sent = 0;
  while (sent < outbox_.size()) {
    const auto size = write(to_.get(), outbox_.data() + sent, outbox_.size() - sent);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0) return false;
    sent += static_cast<std::size_t>(size);
  }
  outbox_.erase(0, sent);
  return true;
}

// What is there now, up to a piece: writing comes in between.
bool CdpClient::readAll() {
  std::string piece(kPiece, '\0');
  const auto size = read(from_.get(), piece.data(), piece.size());
  if (size < 0) return errno == EINTR || errno == EAGAIN;
  if (size == 0) return false;
  piece.resize(static_cast<std::size_t>(size));
  if (!splitter_.add(piece, [this](std::string_view message) { take(message); })) {
    close("the browser sent a message that is too long");
    return false;
  }
  return true;
}

void CdpClient::take(std::string_view message) {
  {
    // Before it is read: what can't be read costs time, too.
    const std::lock_guard lock(mutex_);
    if (!reason_.empty()) return;
    events_ += 1 + message.size() / kBytesOfEvent;
    if (events_ > kMaxEvents) return closeLocked("the browser reported more than anybody reads");
  }
  rapidjson::Document read;
  if (!parseJson(message, read) && !parseJson(withWholeSurrogates(message), read)) return;
  const auto id = integerMember(read, "id");
  if (id > 0) {
    const std::lock_guard lock(mutex_);
    const auto entry = waiting_.find(static_cast<std::uint64_t>(id));
    if (entry == waiting_.end()) return;
    auto& answer = *entry->second;
    if (const auto* error = objectMember(read, "error")) {
      answer.error = cleanText(textMember(*error, "message"));
      if (answer.error.empty()) answer.error = "refused without a reason";
    } else if (const auto* result = objectMember(read, "result")) {
      answer.result.CopyFrom(*result, answer.result.GetAllocator());
    } else {
      answer.error = "an answer without a result";
    }
    answer.done = true;
    waiting_.erase(entry);
    changed_.notify_all();
    return;
  }
  const auto* params = objectMember(read, "params");
  if (params != nullptr) onEvent_(textMember(read, "sessionId"), textMember(read, "method"), *params);
}

}  // namespace agent::browser
