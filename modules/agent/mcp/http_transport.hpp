// Streamable HTTP of every revision: 2025-03-26 and later with sessions, 2026-07-28 without.
#pragma once

#include <mortise/http_client.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mcp/http_exchange.hpp"
#include "mcp/transport.hpp"

namespace agent::mcp {

// Where a server answers, and with what header fields.
struct HttpPlace {
  // User information of the address becomes an Authorization header, unless there is one.
  HttpPlace(std::string_view address, std::vector<std::pair<std::string, std::string>> fields);
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
};

// What a response that is no success means. `body`: when it was no stream.
Failure failureOfResponse(const mortise::HttpResponse& response, const std::string& body);

class HttpTransport final : public Transport {
 public:
  HttpTransport(const mortise::HttpClient& http, HttpPlace place);
  ~HttpTransport() override;

  void speak(Era era, std::string_view version) override;
  void send(const Outgoing& message, const Waiting& waiting) override;
  // The stream of a session of 2025, by GET. A server may have none.
  void listen() override;
  std::string receive(const Waiting& waiting) override;
  void settle(const Waiting& waiting) override;
  bool cancelsBySettling() const override { return era_ != Era::legacy; }

 private:
  mortise::HttpRequest made(const Outgoing& message) const;
  void post(const Outgoing& message, const Waiting& waiting);
  // The exchange ended without the answer: takes the stream up again where it broke off. Throws when it can't.
  void resume(const Waiting& waiting);
  void reap();
  void listenAgain();
  // What came on the stream of listen(); empty: nothing yet.
  std::optional<std::string> heard();

  const mortise::HttpClient http_;
  const HttpPlace place_;
  Era era_ = Era::undecided;
  std::string version_;
  std::string session_;
  std::string resumedFrom_;
  std::unique_ptr<HttpExchange> current_;
  std::unique_ptr<HttpExchange> standing_;               // of listen()
  std::string standingId_;                               // the last event that it named
  std::optional<Waiting::Clock::time_point> listensAt_;  // it ended, and is opened again then
  std::deque<std::unique_ptr<HttpExchange>> ending_;
};

}  // namespace agent::mcp
