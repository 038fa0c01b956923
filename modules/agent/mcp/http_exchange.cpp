#include "mcp/http_exchange.hpp"

#include <exception>

#include "event_lines.hpp"

namespace agent::mcp {
namespace {

constexpr std::size_t kMaxWaiting = 1000;  // events that nobody has taken yet

Failure failureOf(const mortise::HttpClient::Error& error) {
  using Cause = Failure::Cause;
  switch (error.cause()) {
    case MORTISE_INVALID:
      return {Cause::forbidden, "its address or a header can't be sent"};
    case MORTISE_DENIED:
      return {Cause::forbidden, "this server may not connect to its address; see http_client.allow_private"};
    case MORTISE_TIMEOUT:
      return {Cause::timedOut, "it did not answer in time"};
    case MORTISE_FULL:
      return {Cause::unreadable, "its answer is too large"};
    case MORTISE_CLOSED:
      return {Cause::stopped, "it was stopped"};
    default:
      return {Cause::unreachable, "there is no connection to it"};
  }
}

}  // namespace

HttpExchange::HttpExchange(const mortise::HttpClient& http, mortise::HttpRequest request, std::size_t mostEvent)
    : http_(http), mostEvent_(mostEvent) {
  thread_ = std::thread([this, sent = std::move(request)]() mutable { run(std::move(sent)); });
}

HttpExchange::~HttpExchange() {
  stop();
  thread_.join();
}

void HttpExchange::push(std::string_view name, std::string_view data) {
  const std::lock_guard lock(mutex_);
  if (events_.size() >= kMaxWaiting || waitingBytes_ + data.size() > 2 * mostEvent_) {
    tooMuch_ = true;
    return;
  }
  waitingBytes_ += data.size();
  events_.push_back({std::string(name), std::string(data)});
  changed_.notify_all();
}

void HttpExchange::run(mortise::HttpRequest request) noexcept {
  std::optional<mortise::HttpResponse> response;
  std::optional<Failure> failure;
  std::string body;
  std::string lastId;
  long retry = -1;
  bool sawEvents = false;
  try {
    mortise::models::EventLines lines(
        [this](const mortise::models::ServerEvent& event) { push(event.name, event.data); }, mostEvent_);
    request.stopped = [this] { return stopped_.load(); };
    request.onPiece = [&](std::string_view piece) {
      lines.take(piece);
      // The status and type are known at the end only: what has no event is a whole answer.
      if (!lines.sawData()) body.append(piece);
      tooMuch_ = tooMuch_ || lines.overflowed() || body.size() > mostEvent_;
      return !stopped_ && !tooMuch_;
    };
    try {
      response = http_.perform(request);
      lines.finish();
    } catch (const mortise::HttpClient::Error& error) {
      failure = failureOf(error);
    }
    if (tooMuch_) failure = Failure(Failure::Cause::unreadable, "its answer is too large");
    lastId = lines.lastId();
    retry = lines.retry();
    sawEvents = lines.sawData();
  } catch (const std::exception&) {
    failure = Failure(Failure::Cause::unreachable, "there is no connection to it");
  }
  const std::lock_guard lock(mutex_);
  response_ = std::move(response);
  failure_ = std::move(failure);
  body_ = sawEvents ? std::string() : std::move(body);
  lastId_ = std::move(lastId);
  retry_ = retry;
  sawEvents_ = sawEvents;
  over_ = true;
  changed_.notify_all();
}

std::optional<HttpExchange::Event> HttpExchange::next(const Waiting& waiting) {
  waiting.check();  // a server that never pauses is no reason to go on
  std::unique_lock lock(mutex_);
  while (events_.empty() && !over_) {
    lock.unlock();
    waiting.check();
    lock.lock();
    changed_.wait_for(lock, waiting.slice(), [this] { return !events_.empty() || over_; });
  }
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  waitingBytes_ -= event.data.size();
  return event;
}

bool HttpExchange::hasNews(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return !events_.empty() || over_; });
}

bool HttpExchange::finished(const Waiting& waiting) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, waiting.left(), [this] { return over_; });
}

const mortise::HttpResponse& HttpExchange::response() const {
  if (failure_) throw *failure_;
  return response_.value();
}

}  // namespace agent::mcp
