#include "core/services/http_client/http_client.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <mortise/public_address.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <mutex>

#include "core/base/text.hpp"
#include "core/base/worker_pool.hpp"

namespace mortise::services {
namespace {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (!longer) throw std::bad_alloc();
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool isToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// The scheme, host and port that two URLs must share for the same credentials; throws ServiceError{invalid} for
// unsupported URLs.
std::string originOf(const std::string& text) {
  const std::unique_ptr<CURLU, UrlDeleter> url(curl_url());
  if (!url) throw std::bad_alloc();
  if (text.find_first_of(" \t\r\n") != std::string::npos || text.find('\0') != std::string::npos ||
      curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw ServiceError(ErrorKind::invalid, "http client: the url can't be read; give an absolute http or https url");
  }
  const auto part = [&](CURLUPart which, unsigned flags = 0) {
    char* raw = nullptr;
    if (curl_url_get(url.get(), which, &raw, flags) != CURLUE_OK || !raw) return std::string{};
    std::string value(raw);
    curl_free(raw);
    return value;
  };
  const std::string scheme = part(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    throw ServiceError(ErrorKind::invalid, "http client: scheme " + scheme + " is not served; use http or https");
  }
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty()) {
    throw ServiceError(ErrorKind::invalid, "http client: the url holds user or password; send an authorization header");
  }
  return scheme + "://" + text::lower(part(CURLUPART_HOST)) + ":" + part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string shownAddress(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
  }
  return text;
}

// One hop in progress, for libcurl's callbacks.
struct Exchange {
  const HttpRequest& request;
  HttpResponse& response;
  bool allowPrivate = false;
  bool keepBody = true;  // false on a redirect that will be followed
  bool tooLarge = false, stopped = false, cancelled = false;
  std::uint64_t received = 0;
  std::string deniedAddress{};
  CURL* easy = nullptr;
  int redirectsLeft = 0;
  std::uint64_t sent = 0;  // of bodySource
  std::exception_ptr sourceFailure{};
};

bool isRedirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

extern "C" {

curl_socket_t mortiseOpenSocket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(context);
  // Runs after name resolution and for every attempt, so a name that resolves differently the second time gains
  // nothing.
  if (!exchange.allowPrivate && !isPublicAddress(address->addr)) {
    exchange.deniedAddress = shownAddress(address->addr);
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t mortiseReceiveHeader(char* data, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {
    exchange.response.headers.clear();  // of an interim reply
    return size;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  if (exchange.response.headers.size() >= 200) return size;
  exchange.response.headers.emplace_back(text::lower(line.substr(0, colon)), text::trim(line.substr(colon + 1)));
  return size;
}

std::size_t mortiseReceiveBody(char* data, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  exchange.received += size;
  if (exchange.request.maxResponse != 0 && exchange.received > exchange.request.maxResponse) {
    exchange.tooLarge = true;
    return 0;
  }
  long status = 0;
  curl_easy_getinfo(exchange.easy, CURLINFO_RESPONSE_CODE, &status);
  if (exchange.redirectsLeft > 0 && isRedirect(status)) return size;
  if (!exchange.request.onBody) {
    exchange.response.body.append(data, size);
    return size;
  }
  try {
    if (exchange.request.onBody({data, size})) return size;
  } catch (...) {
  }
  exchange.stopped = true;
  return 0;
}

std::size_t mortiseSendBody(char* buffer, std::size_t, std::size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  const auto& request = exchange.request;
  const auto length = std::min<std::uint64_t>(size, request.bodyLength - exchange.sent);
  if (length == 0) return 0;
  try {
    const auto got = request.bodySource->read(request.bodyOffset + exchange.sent, {buffer, length});
    if (got == 0) throw ServiceError(ErrorKind::unavailable, "http client: the source of the body became shorter");
    exchange.sent += got;
    return got;
  } catch (...) {
    exchange.sourceFailure = std::current_exception();
  }
  return CURL_READFUNC_ABORT;
}

// libcurl starts again on a new connection when a kept-alive one turned out to be closed.
int mortiseSeekBody(void* context, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Exchange*>(context)->sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int mortiseProgress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(context);
  const auto& request = exchange.request;
  exchange.cancelled = (request.cancelled && request.cancelled->load(std::memory_order_relaxed)) ||
                       (request.abandoned && request.abandoned());
  return exchange.cancelled ? 1 : 0;
}

}  // extern "C"

}  // namespace

namespace {

// The calls of handlers that requests wait for. Half of those that may wait at once may go to one peer, so that a silent
// one leaves room for calls to others. The store's own places are all for one peer.
class Calls {
 public:
  // Of all clients: their callers are the same workers.
  static Calls& ofProcess() {
    static Calls calls;
    return calls;
  }

  class One {
   public:
    One(Calls& calls, std::string origin, const WorkerPool::Awaiting& awaiting, bool toStore)
        : calls_(calls), origin_(std::move(origin)) {
      if (!awaiting.admitted()) {
        refuse(std::string("as many requests as may (http.outbound) wait for ") +
               (toStore ? "the store" : "other servers"));
      }
      if (awaiting.most() == 0 || toStore) return;
      const std::lock_guard lock(calls_.mutex_);
      auto& present = calls_.byOrigin_[origin_];
      if (present >= (awaiting.most() + 1) / 2) refuse("half of http.outbound wait for " + origin_);
      ++present;
      counted_ = true;
    }
    ~One() {
      if (!counted_) return;
      const std::lock_guard lock(calls_.mutex_);
      const auto entry = calls_.byOrigin_.find(origin_);
      if (--entry->second == 0) calls_.byOrigin_.erase(entry);
    }
    One(const One&) = delete;
    One& operator=(const One&) = delete;

   private:
    [[noreturn]] static void refuse(const std::string& why) {
      throw ServiceError(ErrorKind::full, "http client: " + why + "; try again later", 1);
    }

    Calls& calls_;
    const std::string origin_;
    bool counted_ = false;
  };

 private:
  std::mutex mutex_;
  std::map<std::string, std::size_t> byOrigin_;
};

}  // namespace

struct HttpClient::Implementation {
  HttpClientOptions options;
  std::mutex mutex;
  std::vector<Easy> idle;  // each keeps its open connections

  Easy lease() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Easy easy = std::move(idle.back());
        idle.pop_back();
        return easy;
      }
    }
    Easy easy(curl_easy_init());
    if (!easy) throw ServiceError(ErrorKind::unavailable, "http client: libcurl does not start");
    return easy;
  }

  void release(Easy easy) {
    curl_easy_reset(easy.get());
    std::lock_guard lock(mutex);
    if (idle.size() < 16) idle.push_back(std::move(easy));
  }

  void hop(CURL* easy, const HttpRequest& request, const std::string& url, const std::string& method, bool withBody,
           bool sameOrigin, Exchange& exchange, long timeoutMillis) const;
};

void HttpClient::Implementation::hop(CURL* easy, const HttpRequest& request, const std::string& url,
                                     const std::string& method, bool withBody, bool sameOrigin, Exchange& exchange,
                                     long timeoutMillis) const {
  const auto set = [&](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) {
      throw ServiceError(ErrorKind::unavailable, "http client: libcurl refuses option " + std::to_string(option));
    }
  };
  HeaderList headers;
  for (const auto& [name, value] : request.headers) {
    const std::string folded = text::lower(name);
    if (!sameOrigin &&
        (folded == "authorization" || folded == "cookie" || folded == "proxy-authorization" || folded == "x-api-key")) {
      continue;
    }
    if (!withBody && (folded == "content-type" || folded == "content-length")) continue;
    headers.add(value.empty() ? name + ";" : name + ": " + value);
  }
  const bool streamed = withBody && request.bodySource != nullptr;
  if (!streamed) headers.add("Expect:");  // no waiting for 100 Continue
  curl_easy_reset(easy);
  char reason[CURL_ERROR_SIZE] = "";
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_URL, url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  set(CURLOPT_PROXY, "");  // a proxy of the environment would connect for us, past the address policy
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_USERAGENT, options.userAgent.c_str());
  set(CURLOPT_ACCEPT_ENCODING, request.onBody ? nullptr : "");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connectTimeout.count()));
  set(CURLOPT_TIMEOUT_MS, timeoutMillis);
  if (request.idleTimeout.count() > 0) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>((request.idleTimeout.count() + 999) / 1000));
  }
  if (!options.caFile.empty()) set(CURLOPT_CAINFO, options.caFile.c_str());
  set(CURLOPT_OPENSOCKETFUNCTION, mortiseOpenSocket);
  set(CURLOPT_OPENSOCKETDATA, &exchange);
  set(CURLOPT_HEADERFUNCTION, mortiseReceiveHeader);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, mortiseReceiveBody);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, mortiseProgress);
  set(CURLOPT_XFERINFODATA, &exchange);
  if (request.publicOnly && options.allowPrivate) {
    set(CURLOPT_FRESH_CONNECT, 1L);  // an open connection to a private address passed no check of this request
  }
  if (request.pathAsIs) set(CURLOPT_PATH_AS_IS, 1L);
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (streamed) {
    constexpr long kPiece = 512 << 10;
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
    set(CURLOPT_UPLOAD_BUFFERSIZE, kPiece);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.bodyLength));
    set(CURLOPT_READFUNCTION, mortiseSendBody);
    set(CURLOPT_READDATA, &exchange);
    set(CURLOPT_SEEKFUNCTION, mortiseSeekBody);
    set(CURLOPT_SEEKDATA, &exchange);
  } else if (withBody) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
  } else {
    set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_CUSTOMREQUEST, method.c_str());
  }

  exchange.easy = easy;
  const CURLcode code = curl_easy_perform(easy);
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    exchange.response.status = static_cast<int>(status);
    return;
  }
  if (exchange.sourceFailure) std::rethrow_exception(exchange.sourceFailure);
  if (!exchange.deniedAddress.empty()) {
    throw ServiceError(ErrorKind::denied,
                       "http client: address " + exchange.deniedAddress + " is not public" +
                           (request.publicOnly ? "" : "; set http_client.allow_private to reach it"));
  }
  if (exchange.tooLarge) {
    throw ServiceError(ErrorKind::full,
                       "http client: the response is larger than " + std::to_string(request.maxResponse) + " bytes");
  }
  if (exchange.stopped) throw ServiceError(ErrorKind::denied, "http client: the receiver stopped the response");
  if (exchange.cancelled) throw ServiceError(ErrorKind::timeout, "http client: cancelled");
  const std::string text = reason[0] ? reason : curl_easy_strerror(code);
  if (code == CURLE_OPERATION_TIMEDOUT) throw ServiceError(ErrorKind::timeout, "http client: " + text);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    throw ServiceError(ErrorKind::invalid, "http client: " + text);
  }
  throw ServiceError(ErrorKind::unavailable, "http client: " + text);
}

HttpClient::HttpClient(HttpClientOptions options) : implementation_(std::make_unique<Implementation>()) {
  static const CURLcode kStarted = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kStarted != CURLE_OK) throw ServiceError(ErrorKind::unavailable, "http client: libcurl does not start");
  implementation_->options = std::move(options);
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::perform(const HttpRequest& request) {
  if (!isToken(request.method)) throw ServiceError(ErrorKind::invalid, "http client: the method is no token");
  for (const auto& [name, value] : request.headers) {
    if (!isToken(name)) throw ServiceError(ErrorKind::invalid, "http client: header name " + name + " is no token");
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      throw ServiceError(ErrorKind::invalid, "http client: header " + name + " holds a line break or NUL");
    }
  }
  if (request.maxResponse == 0 && !request.onBody) {
    throw ServiceError(ErrorKind::invalid, "http client: a response without a size limit needs onBody");
  }

  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  std::string url = request.url;
  std::string method = request.method;
  bool withBody = !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  const std::string origin = originOf(url);
  const WorkerPool::Awaiting awaiting(request.toStore ? WorkerPool::Peer::store : WorkerPool::Peer::other,
                                      request.toStore ? request.connectTimeout : std::chrono::milliseconds(0));
  bool sameOrigin = true;
  for (int hops = 0;; ++hops) {
    long left = 0;
    if (request.timeout.count() > 0) {
      left = static_cast<long>(
          (request.timeout - std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start)).count());
      if (left <= 0) throw ServiceError(ErrorKind::timeout, "http client: no complete answer in time");
    }
    const Calls::One call(Calls::ofProcess(), originOf(url), awaiting, request.toStore);
    HttpResponse response;
    Exchange exchange{request, response};
    exchange.allowPrivate = implementation_->options.allowPrivate && !request.publicOnly;
    exchange.redirectsLeft = request.maxRedirects - hops;
    Easy easy = implementation_->lease();
    implementation_->hop(easy.get(), request, url, method, withBody, sameOrigin, exchange,
                         left);  // a handle that failed is discarded
    response.url = url;
    char* next = nullptr;
    if (hops < request.maxRedirects && isRedirect(response.status))
      curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &next);
    const std::string target = next ? next : "";
    implementation_->release(std::move(easy));
    if (target.empty()) return response;
    sameOrigin = sameOrigin && originOf(target) == origin;
    if (origin.starts_with("https:") && target.starts_with("http:")) {
      throw ServiceError(ErrorKind::denied, "http client: a redirect from https to http is not followed");
    }
    if (response.status == 303 ? method != "HEAD" : (response.status <= 302 && method == "POST")) {
      method = "GET";
      withBody = false;
    }
    url = target;
  }
}

}  // namespace mortise::services
