// http_client/1 over services::HttpClient.
#include <chrono>
#include <vector>

#include "core/ops/log.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/http_client/http_client.hpp"
#include "mortise/abi/http_client.h"

namespace mortise::plugin {
namespace {

std::chrono::milliseconds timeOr(std::int64_t milliseconds, std::chrono::milliseconds fallback) {
  return milliseconds == 0 ? fallback : std::chrono::milliseconds(std::max<std::int64_t>(milliseconds, 0));
}

services::HttpRequest requestFrom(const mortise_http_request& raw) {
  services::HttpRequest request;
  if (raw.method.size > 0) request.method = copy(raw.method);
  request.url = copy(raw.url);
  for (std::size_t i = 0; i < raw.fields_count; ++i)
    request.headers.emplace_back(copy(raw.fields[i].name), copy(raw.fields[i].value));
  request.body = copy(raw.body);
  request.connectTimeout = timeOr(raw.connect_timeout_ms, request.connectTimeout);
  request.timeout = timeOr(raw.timeout_ms, request.timeout);  // -1 becomes 0: none
  request.idleTimeout = timeOr(raw.idle_timeout_ms, request.idleTimeout);
  if (raw.max_response > 0)
    request.maxResponse = raw.max_response;
  else if (raw.piece != nullptr)
    request.maxResponse = 0;
  request.maxRedirects = std::max(0, raw.max_redirects);
  request.publicOnly = MORTISE_HAS(&raw, mortise_http_request, public_only) && raw.public_only != 0;
  return request;
}

void give(const services::HttpResponse& response, mortise_http_response_sink sink, void* context) {
  if (sink == nullptr) return;
  std::vector<mortise_pair> fields;
  fields.reserve(response.headers.size());
  for (const auto& [name, value] : response.headers) fields.push_back({str(name), str(value)});
  const mortise_http_response face{.struct_size = sizeof(mortise_http_response),
                                   .status = response.status,
                                   .fields = fields.data(),
                                   .fields_count = fields.size(),
                                   .body = str(response.body),
                                   .url = str(response.url)};
  sink(context, &face);
}

mortise_status answerFailure(const services::ServiceError& failure, bool stopped, mortise_error* error) {
  using Kind = services::ErrorKind;
  if (stopped) return answer(error, MORTISE_CLOSED, "stopped", "the module stopped the exchange");
  switch (failure.kind()) {
    case Kind::invalid:
      return answer(error, MORTISE_INVALID, "bad_request", failure.what());
    case Kind::denied:
      return answer(error, MORTISE_DENIED, "address_refused", failure.what());
    case Kind::timeout:
      return answer(error, MORTISE_TIMEOUT, "timeout", failure.what());
    case Kind::full:
      if (failure.retryAfter() > 0)
        return answer(error, MORTISE_UNAVAILABLE, "too_many_calls", failure.what(), failure.retryAfter());
      return answer(error, MORTISE_FULL, "response_too_large", failure.what());
    case Kind::unavailable:
    case Kind::notFound:
      break;
  }
  return answer(error, MORTISE_UNAVAILABLE, "connection_failed", failure.what(), failure.retryAfter());
}

extern "C" {

mortise_status httpPerform(mortise_host* raw, const mortise_http_request* rawRequest, mortise_http_response_sink sink,
                           void* context, mortise_error* error) {
  using services::HttpClient;
  return blocking<&HostServices::httpClient>(raw, "http_client/1 perform", error, [&](Host& host, HttpClient& client) {
    if (!MORTISE_COMPLETE(rawRequest, mortise_http_request, piece)) return tooShort(error, "mortise_http_request");
    if (rawRequest->fields_count > 0 && rawRequest->fields == nullptr)
      return answer(error, MORTISE_INVALID, "bad_request", "fields is null, fields_count is not 0");
    auto request = requestFrom(*rawRequest);
    request.cancelled = &host.stopping();
    bool stopped = false;
    if (rawRequest->piece != nullptr) {
      request.onBody = [&](std::string_view bytes) {
        // Exceptions must not pass through the client library.
        const bool more = guardedOr(&host, "http_client/1 piece", false,
                                    [&] { return rawRequest->piece(rawRequest->context, str(bytes)) != 0; });
        stopped = !more;
        return more;
      };
    }
    if (MORTISE_HAS(rawRequest, mortise_http_request, stopped) && rawRequest->stopped != nullptr) {
      request.abandoned = [&] {
        // What can't be asked has no one who waits for the answer.
        stopped = stopped || guardedOr(&host, "http_client/1 stopped", true,
                                       [&] { return rawRequest->stopped(rawRequest->context) != 0; });
        return stopped;
      };
    }
    try {
      const auto response = client.perform(request);
      give(response, sink, context);
      return MORTISE_OK;
    } catch (const services::ServiceError& failure) {
      return answerFailure(failure, stopped, error);
    }
  });
}

}  // extern "C"

const mortise_http_client_v1 kTable = {sizeof(mortise_http_client_v1), &httpPerform};

}  // namespace

template <>
ServedInterface serve<mortise_http_client_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::httpClient>};
}

}  // namespace mortise::plugin
