// Requests to other servers: http_client/1.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/http_client.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct HttpRequest {
  std::string url;  // absolute, http or https, without user info
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::milliseconds connectTimeout{5000};
  std::chrono::milliseconds timeout{30000};      // whole exchange; negative: none, then only idleTimeout holds
  std::chrono::milliseconds idleTimeout{60000};  // no byte for that long
  std::uint64_t maxResponse = 0;                 // bytes of the response body; 0: 8 MiB, or no cap when onPiece is set
  int maxRedirects = 0;                          // 0: a redirect is the response
  // When set, the response body goes here piece by piece instead of into HttpResponse::body. Returning false stops the
  // exchange.
  std::function<bool(std::string_view piece)> onPiece{};
  // When set, asked about once a second while the exchange lasts; true ends it (Error "stopped"):
  //   .stopped = [&] { return request.expired(); }
  // Since: SDK 1.1; an older server does not ask.
  std::function<bool()> stopped{};
  // Public addresses only, even where the operator lets modules reach private ones: for addresses that users choose.
  // Since: SDK 1.1; an older server goes by the operator's word alone.
  bool publicOnly = false;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string url;  // after redirects

  // First value; empty when absent. `name` in lower case.
  std::string_view header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

// The operator decides where this server may connect: by default to public addresses only. [worker]
class HttpClient {
 public:
  using Table = mortise_http_client_v1;
  static constexpr const char* kInterface = MORTISE_HTTP_CLIENT_V1;
  HttpClient(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // Blocks until the exchange is over. Any status is a response. Throws Error when there was none.
  HttpResponse perform(const HttpRequest& request) const;

  // Why there was no response. code(): bad_request, address_refused, timeout, response_too_large, stopped,
  // connection_failed. Left alone it becomes a 502 at the edge, a timeout a 504.
  class Error : public Problem {
   public:
    Error(mortise_status status, const mortise_error& error)
        : Problem(status == MORTISE_TIMEOUT ? 504 : 502, error.code[0] != '\0' ? error.code : "connection_failed"),
          cause_(status) {
      note("http_client/1: " + std::string(error.text));
    }
    mortise_status cause() const noexcept { return cause_; }

   private:
    mortise_status cause_;
  };

 private:
  struct Exchange {
    const HttpRequest& request;
    HttpResponse response{};
    std::exception_ptr thrown{};
  };
  static std::int32_t onPiece(void* context, mortise_str bytes) {
    auto& exchange = *static_cast<Exchange*>(context);
    try {
      return exchange.request.onPiece(Text(bytes)) ? 1 : 0;
    } catch (...) {  // waits until perform() has returned: nothing may be thrown through the boundary
      exchange.thrown = std::current_exception();
      return 0;
    }
  }
  static std::int32_t isStopped(void* context) {
    auto& exchange = *static_cast<Exchange*>(context);
    try {
      return exchange.request.stopped() ? 1 : 0;
    } catch (...) {  // as above
      exchange.thrown = std::current_exception();
      return 1;
    }
  }
  static void onResponse(void* context, const mortise_http_response* c) {
    auto& exchange = *static_cast<Exchange*>(context);
    try {
      exchange.response.status = c->status;
      exchange.response.body = detail::copied(c->body);
      exchange.response.url = detail::copied(c->url);
      for (std::size_t i = 0; i < c->fields_count; ++i) {
        exchange.response.headers.emplace_back(detail::copied(c->fields[i].name), detail::copied(c->fields[i].value));
      }
    } catch (...) {  // as above
      exchange.thrown = std::current_exception();
    }
  }

  mortise_host* host_;
  const Table* table_;
};

inline HttpResponse HttpClient::perform(const HttpRequest& request) const {
  Exchange exchange{request};
  const auto fields = detail::pairs(request.headers);
  mortise_http_request c{};
  c.struct_size = sizeof c;
  c.max_redirects = request.maxRedirects;
  c.method = detail::str(request.method);
  c.url = detail::str(request.url);
  c.fields = fields.data();
  c.fields_count = fields.size();
  c.body = detail::str(request.body);
  c.connect_timeout_ms = request.connectTimeout.count();
  c.timeout_ms = request.timeout.count() < 0 ? -1 : request.timeout.count();
  c.idle_timeout_ms = request.idleTimeout.count();
  c.max_response = request.maxResponse;
  c.context = &exchange;
  c.piece = request.onPiece ? onPiece : nullptr;
  c.stopped = request.stopped ? isStopped : nullptr;
  c.public_only = request.publicOnly ? 1 : 0;
  auto error = detail::noError();
  const auto status = table_->perform(host_, &c, onResponse, &exchange, &error);
  if (exchange.thrown) std::rethrow_exception(exchange.thrown);
  if (status != MORTISE_OK) throw Error(status, error);
  return std::move(exchange.response);
}

inline HttpClient Host::httpClient() const { return need<HttpClient>(); }

}  // namespace mortise::inline sdk1
