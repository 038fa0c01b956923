// Outbound HTTP for modules: libcurl with a policy on where it may connect.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/byte_source.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, http or https, no user info
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // Replaces `body`: bytes that are read while they are sent, on the calling thread. The request carries Expect:
  // 100-continue, and a server that refuses the bytes ends the sending. Exceptions of the source reach the caller.
  ByteSource* bodySource = nullptr;
  std::uint64_t bodyOffset = 0, bodyLength = 0;
  bool pathAsIs = false;  // signed urls: sent unchanged, without removal of dot segments
  std::chrono::milliseconds connectTimeout{5000};
  std::chrono::milliseconds timeout{30000};      // whole exchange; 0 = none (streams), then `idleTimeout` holds
  std::chrono::milliseconds idleTimeout{60000};  // no byte for that long
  std::uint64_t maxResponse = 8u << 20;  // bytes of body; more is ServiceError{full}. 0 = no cap (only with onBody)
  int maxRedirects = 0;                  // each hop is checked again; credentials are not sent to another origin
  // When set, the body goes here piece by piece and not into the response; false stops (ServiceError{denied}).
  std::function<bool(std::string_view piece)> onBody;
  // A call of the kernel's own store: it has places of its own among the calls of requests (WorkerPool::Peer), all for the
  // one server, and waits for one as long as `connectTimeout` says.
  bool toStore = false;
  const std::atomic<bool>* cancelled = nullptr;  // checked at least once a second; set: ServiceError{timeout}
  // Asked as often, on the calling thread; true ends the exchange in the same way. It may not throw.
  std::function<bool()> abandoned;
  bool publicOnly = false;  // public addresses only, whatever the client's options allow
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, of the last hop
  std::string body;
  std::string url;  // after redirects
};

struct HttpClientOptions {
  bool allowPrivate = false;  // http_client.allow_private: also loopback, private, link-local, ... addresses
  std::string userAgent = "mortise";
  std::string caFile;  // empty = the system's
};

// Thread-safe; perform() blocks, so: workers only. Meanwhile another thread takes the worker's place
// (WorkerPool::Awaiting). Calls to one server are counted over all clients of the process.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options);
  ~HttpClient();

  // Any status is a response. Throws ServiceError: {invalid} URL, method or header; {denied} address policy; {timeout};
  // {full} body over the limit, or with retryAfter() as many calls of waiting requests as may be at once;
  // {unavailable} name, connect, TLS or transfer failure.
  HttpResponse perform(const HttpRequest& request);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::services
