// HTTP and SSE of the first revision, 2024-11-05: one stream of events, whose first one names the address for messages.
#pragma once

#include <mortise/http_client.hpp>

#include <memory>
#include <string>

#include "mcp/http_exchange.hpp"
#include "mcp/http_transport.hpp"
#include "mcp/transport.hpp"

namespace agent::mcp {

// The address that `endpoint` names, seen from `base`. Throws Failure for another origin: it would get our headers.
std::string endpointAddress(std::string_view base, std::string_view endpoint);

class SseTransport final : public Transport {
 public:
  SseTransport(const mortise::HttpClient& http, HttpPlace place);

  void speak(Era era, std::string_view version) override;
  void send(const Outgoing& message, const Waiting& waiting) override;
  std::string receive(const Waiting& waiting) override;
  void settle(const Waiting&) override {}
  bool cancelsBySettling() const override { return false; }

 private:
  void open(const Waiting& waiting);

  const mortise::HttpClient http_;
  const HttpPlace place_;
  std::string version_;
  std::string endpoint_;
  std::unique_ptr<HttpExchange> stream_;
};

}  // namespace agent::mcp
