#include "mcp/http_transport.hpp"

#include <openssl/evp.h>
#include <mortise/ascii.hpp>

#include <algorithm>
#include <thread>

#include "json_reading.hpp"
#include "mcp/message.hpp"
#include "web_text.hpp"

namespace agent::mcp {
namespace {

using Cause = Failure::Cause;
using std::chrono::milliseconds;

constexpr milliseconds kConnect{5000};
constexpr milliseconds kHeadOfSession{
    5000};  // how long a server may keep the stream of `initialize` open behind the answer
constexpr milliseconds kGoodbye{2000};
constexpr milliseconds kMinPause{500};  // whatever a server asks for: it could make this one come back without end
constexpr milliseconds kMaxPause{10000};
constexpr milliseconds kTurn{50};  // how long an answer is waited for before the other stream is looked at
constexpr std::size_t kMaxSession = 1024;

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string percentDecoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool hasField(const std::vector<std::pair<std::string, std::string>>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return mortise::asciiLowerCase(field.first) == name; });
}

// 2026-07-28: what is no plain visible ASCII travels as base64.
std::string headerValue(std::string_view text) {
  constexpr std::string_view kMarker = "=?base64?";
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  const bool outerBlanks = text.starts_with(' ') || text.ends_with(' ');
  if (plain && !outerBlanks && !text.empty() && !text.starts_with(kMarker)) return std::string(text);
  return std::string(kMarker).append(base64(text)).append("?=");
}

bool isVisible(std::string_view text) {
  return !text.empty() && text.size() <= kMaxSession &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

// The caller's waiting bounds it, in which a user may be asked for minutes; its destructor ends it.
void waitedFor(mortise::HttpRequest& request) {
  request.timeout = milliseconds(-1);
  request.idleTimeout = std::chrono::hours(24);
}

}  // namespace

HttpPlace::HttpPlace(std::string_view address, std::vector<std::pair<std::string, std::string>> fields)
    : url(address), headers(std::move(fields)) {
  const auto parts = partsOf(address);
  if (!parts.hasUser) return;
  url = std::string(parts.scheme).append(parts.rest);
  if (!hasField(headers, "authorization"))
    headers.emplace_back("Authorization", "Basic " + base64(percentDecoded(parts.user)));
}

Failure failureOfResponse(const mortise::HttpResponse& response, const std::string& body) {
  const int status = response.status;
  if (status == 401) {
    const auto how = response.header("www-authenticate");
    return {Cause::unauthorized,
            how.find("resource_metadata") == std::string_view::npos
                ? "it refuses the credentials: set its headers"
                : "it wants somebody to sign in (OAuth); set an Authorization header with a token"};
  }
  Batch batch;
  if (!body.empty() && batch.read(body) && !batch.messages().empty()) {
    const auto& first = batch.messages().front();
    if (first.kind == Incoming::Kind::error)
      return Failure::refused(first.code(), std::string(first.message()), first.data(), status);
  }
  return Failure::status(status);
}

HttpTransport::HttpTransport(const mortise::HttpClient& http, HttpPlace place)
    : http_(http), place_(std::move(place)) {}

HttpTransport::~HttpTransport() {
  try {
    for (const auto& exchange : {current_.get(), standing_.get()}) {
      if (exchange != nullptr) exchange->stop();
    }
    if (era_ != Era::legacy || session_.empty()) return;
    auto request = made({.kind = Outgoing::Kind::notification});
    request.method = "DELETE";
    request.body.clear();
    request.timeout = kGoodbye;
    http_.perform(request);
  } catch (const std::exception&) {
    // It forgets the session by itself, later.
  }
}

void HttpTransport::speak(Era era, std::string_view version) {
  era_ = era;
  version_ = version;
  if (era != Era::legacy || version.empty()) session_.clear();  // a new `initialize` asks for a new one
}

mortise::HttpRequest HttpTransport::made(const Outgoing& message) const {
  mortise::HttpRequest request;
  request.url = place_.url;
  request.method = "POST";
  request.headers = place_.headers;
  const auto add = [&](const char* name, std::string value) {
    if (!hasField(request.headers, mortise::asciiLowerCase(name))) request.headers.emplace_back(name, std::move(value));
  };
  add("Accept", "application/json, text/event-stream");
  add("Content-Type", "application/json");
  if (!version_.empty()) add("MCP-Protocol-Version", version_);
  if (era_ == Era::modern) {
    if (!message.method.empty()) add("Mcp-Method", message.method);
    if (!message.name.empty()) add("Mcp-Name", headerValue(message.name));
    for (const auto& [name, value] : message.headers) add(name.c_str(), headerValue(value));
  } else if (!session_.empty()) {
    add("Mcp-Session-Id", session_);
  }
  request.body = message.text;
  request.connectTimeout = kConnect;
  return request;
}

void HttpTransport::reap() {
  std::erase_if(ending_, [](const auto& one) { return one->finished(Waiting::atMost(milliseconds(0))); });
}

void HttpTransport::send(const Outgoing& message, const Waiting& waiting) {
  reap();
  if (message.kind != Outgoing::Kind::request) return post(message, waiting);
  auto request = made(message);
  waitedFor(request);
  resumedFrom_.clear();
  current_ = std::make_unique<HttpExchange>(http_, std::move(request), kMaxMessage);
}

void HttpTransport::post(const Outgoing& message, const Waiting& waiting) {
  auto request = made(message);
  request.timeout = std::max(waiting.left(), milliseconds(1));
  HttpExchange exchange(http_, std::move(request), kMaxMessage);
  while (exchange.next(waiting)) {
    // 202 has no body; what some servers send with it is of no use.
  }
  const auto& response = exchange.response();
  if (response.status >= 400) throw failureOfResponse(response, exchange.body());
}

void HttpTransport::listen() {
  if (era_ != Era::legacy || session_.empty()) return;
  auto request = made({.kind = Outgoing::Kind::notification});
  request.method = "GET";
  request.body.clear();
  if (!standingId_.empty()) request.headers.emplace_back("Last-Event-ID", standingId_);
  waitedFor(request);
  listensAt_.reset();
  standing_ = std::make_unique<HttpExchange>(http_, std::move(request), kMaxMessage);
}

// The stream of listen() ended. After a pause it is opened again, unless the server refused it.
void HttpTransport::listenAgain() {
  auto pause = kMaxPause;
  bool isRefused = false;
  try {
    isRefused = standing_->response().status != 200;
    if (standing_->retry() >= 0)
      pause = std::clamp<milliseconds>(milliseconds(standing_->retry()), kMinPause, kMaxPause);
  } catch (const Failure&) {
    // There was no response.
  }
  if (!standing_->lastEventId().empty()) standingId_ = standing_->lastEventId();
  standing_.reset();
  if (!isRefused) listensAt_ = Waiting::Clock::now() + pause;
}

std::optional<std::string> HttpTransport::heard() {
  if (listensAt_ && Waiting::Clock::now() >= *listensAt_) listen();
  while (standing_ && standing_->hasNews(milliseconds(0))) {
    auto event = standing_->next(Waiting::atMost(kConnect));  // it is there
    if (!event) {
      listenAgain();
    } else if (!event->data.empty()) {
      return std::move(event->data);
    }
  }
  return std::nullopt;
}

std::string HttpTransport::receive(const Waiting& waiting) {
  for (;;) {
    waiting.check();
    if (auto message = heard()) return *std::move(message);
    if (current_ && (standing_ || listensAt_) && !current_->hasNews(kTurn)) continue;
    if (!current_) throw Failure(Cause::unreadable, "its answer has no result");
    if (auto event = current_->next(waiting)) {
      if (!event->data.empty()) return std::move(event->data);
      continue;
    }
    const auto& response = current_->response();
    if (response.status == 404 && !session_.empty()) {
      if (resumedFrom_.empty()) throw Failure::forgotten();
      // What was asked before may have been done: it is not asked again.
      session_.clear();
      throw Failure(Cause::gone, "it forgot the session in the middle of the call");
    }
    if (response.status < 200 || response.status >= 300) throw failureOfResponse(response, current_->body());
    if (const auto id = response.header("mcp-session-id"); isVisible(id)) session_ = id;
    if (!current_->sawEvents() && !current_->body().empty()) {
      auto body = current_->body();
      current_.reset();
      return body;
    }
    resume(waiting);
  }
}

void HttpTransport::resume(const Waiting& waiting) {
  const std::string from = current_->lastEventId();
  const auto pause = std::clamp<milliseconds>(milliseconds(current_->retry()), kMinPause, kMaxPause);
  if (era_ == Era::modern || from.empty() || from == resumedFrom_)
    throw Failure(Cause::unreachable, "the connection broke off before its answer");
  for (const auto until = Waiting::Clock::now() + pause; Waiting::Clock::now() < until;) {
    waiting.check();
    std::this_thread::sleep_for(waiting.within(pause).slice());
  }
  auto request = made({.kind = Outgoing::Kind::notification});
  request.method = "GET";
  request.body.clear();
  request.headers.emplace_back("Last-Event-ID", from);
  waitedFor(request);
  resumedFrom_ = from;
  current_ = std::make_unique<HttpExchange>(http_, std::move(request), kMaxMessage);
}

void HttpTransport::settle(const Waiting& waiting) {
  if (!current_) return;
  // Header fields are known at the end of an exchange: the session's name, too.
  if (era_ == Era::legacy && version_.empty() && current_->finished(waiting.within(kHeadOfSession))) {
    try {
      if (const auto id = current_->response().header("mcp-session-id"); isVisible(id)) session_ = id;
    } catch (const Failure&) {
      // The answer came; that its stream ended badly says nothing of it.
    }
  }
  current_->stop();
  ending_.push_back(std::move(current_));
}

}  // namespace agent::mcp
