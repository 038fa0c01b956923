#include "mcp/sse_transport.hpp"

#include "web_text.hpp"

namespace agent::mcp {
namespace {

using Cause = Failure::Cause;
using std::chrono::milliseconds;

}  // namespace

std::string endpointAddress(std::string_view base, std::string_view endpoint) {
  const auto origin = originOf(base);
  std::string address;
  if (endpoint.find("://") != std::string_view::npos && endpoint.find("://") < endpoint.find_first_of("/?#")) {
    address = endpoint;
  } else if (endpoint.starts_with("//")) {
    address = origin.substr(0, origin.find(':') + 1).append(endpoint);
  } else if (endpoint.starts_with('/')) {
    address = origin + std::string(endpoint);
  } else {
    const auto path = base.substr(0, base.find_first_of("?#"));
    const auto slash = path.rfind('/');
    const bool hasPath = slash != std::string_view::npos && slash >= origin.size();
    address = std::string(hasPath ? path.substr(0, slash + 1) : std::string_view(origin + "/")).append(endpoint);
  }
  if (endpoint.empty() || originOf(address) != origin)
    throw Failure(Cause::unreadable, "the address that it names for messages is another server's");
  return address;
}

SseTransport::SseTransport(const mortise::HttpClient& http, HttpPlace place) : http_(http), place_(std::move(place)) {}

void SseTransport::speak(Era, std::string_view version) { version_ = version; }

void SseTransport::open(const Waiting& waiting) {
  mortise::HttpRequest request;
  request.url = place_.url;
  request.headers = place_.headers;
  request.headers.emplace_back("Accept", "text/event-stream");
  request.connectTimeout = milliseconds(5000);
  // As long as the connection is used; the destructor ends it.
  request.timeout = milliseconds(-1);
  request.idleTimeout = milliseconds(std::chrono::hours(24));
  stream_ = std::make_unique<HttpExchange>(http_, std::move(request), kMaxMessage);
  while (auto event = stream_->next(waiting)) {
    if (event->name != "endpoint") continue;
    endpoint_ = endpointAddress(place_.url, event->data);
    return;
  }
  const auto& response = stream_->response();
  if (response.status < 200 || response.status >= 300) throw failureOfResponse(response, stream_->body());
  throw Failure(Cause::unreadable, "it named no address for messages");
}

void SseTransport::send(const Outgoing& message, const Waiting& waiting) {
  if (!stream_) open(waiting);
  mortise::HttpRequest request;
  request.url = endpoint_;
  request.method = "POST";
  request.headers = place_.headers;
  request.headers.emplace_back("Content-Type", "application/json");
  if (!version_.empty()) request.headers.emplace_back("MCP-Protocol-Version", version_);
  request.body = message.text;
  request.connectTimeout = milliseconds(5000);
  request.timeout = std::max(waiting.left(), milliseconds(1));
  HttpExchange exchange(http_, std::move(request), kMaxMessage);
  while (exchange.next(waiting)) {
    // The answer comes on the stream.
  }
  const auto& response = exchange.response();
  if (response.status < 200 || response.status >= 300) throw failureOfResponse(response, exchange.body());
}

std::string SseTransport::receive(const Waiting& waiting) {
  while (auto event = stream_->next(waiting)) {
    if ((event->name.empty() || event->name == "message") && !event->data.empty()) return std::move(event->data);
  }
  throw Failure(Cause::gone, "its stream of events ended");
}

}  // namespace agent::mcp
