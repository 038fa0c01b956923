#include "core/services/s3/client.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <random>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/sha256.hpp"
#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/services/s3/multipart.hpp"
#include "core/services/s3/refusals.hpp"

namespace mortise::services::s3 {
namespace {

using std::chrono::milliseconds;

constexpr int kTries = 4;
constexpr milliseconds kFirstPause{200};
constexpr milliseconds kMaxPause{3000};  // a longer Retry-After is left to the caller
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::size_t kPiece = 256 << 10;
constexpr std::size_t kErrorRoom = 64 << 10;  // for an error document in place of the requested bytes
constexpr std::uint64_t kMaxObjectBytes = 5ull << 40;

bool isSuccess(const HttpResponse& response) { return response.status >= 200 && response.status < 300; }
bool isBusy(int status) { return status == 429 || status >= 500; }

int retryAfterOf(const HttpResponse& response) {
  const auto text = fieldOf(response, "retry-after");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp(seconds, 0, 3600);
}

// "Full jitter": a random part of the doubled pause, so that many clients do not return at once.
milliseconds jittered(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto most = std::min(kMaxPause, kFirstPause * (1 << attempt));
  return milliseconds(std::uniform_int_distribution<std::int64_t>(most.count() / 4, most.count())(random));
}

std::uint64_t sizeOf(const HttpResponse& response) {
  const auto text = fieldOf(response, "content-length");
  std::uint64_t size = 0;
  const auto end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, size); read.ec != std::errc() || read.ptr != end)
    throw ServiceError(ErrorKind::unavailable, "object store: the answer has no Content-Length");
  return size;
}

HttpClientOptions httpOptions(const Options& options) {
  HttpClientOptions http;
  http.allowPrivate = true;  // the operator named the endpoint
  http.userAgent = "mortise/" MORTISE_VERSION;
  http.caFile = options.caFile;
  return http;
}

}  // namespace

std::string digestOf(ByteSource& source, std::uint64_t offset, std::uint64_t length) {
  Sha256 digest;
  std::string buffer(kPiece, '\0');
  while (length > 0) {
    const auto got = source.read(offset, {buffer.data(), std::min<std::uint64_t>(length, buffer.size())});
    if (got == 0)
      throw ServiceError(ErrorKind::unavailable, "object store: the source became shorter while it was read");
    digest.add({buffer.data(), got});
    offset += got;
    length -= got;
  }
  return digest.hex();
}

Client::Client(Options options) : options_(std::move(options)), http_(httpOptions(options_)) {}
Client::~Client() = default;

Signer Client::signer() const { return {options_.accessKey, options_.secretKey, options_.region}; }

std::string Client::hostOf(const std::string& bucket) const {
  return options_.virtualHost ? bucket + "." + options_.endpoint : options_.endpoint;
}

std::string Client::pathOf(const std::string& bucket, const std::string& key) const {
  const auto path = options_.virtualHost ? "/" + key : "/" + bucket + (key.empty() ? "" : "/" + key);
  return encodePath(path);
}

void Client::count(const char* outcome) {
  if (options_.metrics == nullptr) return;
  options_.metrics
      ->counter("mortise_object_store_requests", "Requests to the object store by outcome", {{"outcome", outcome}})
      .add();
}

bool Client::pause(milliseconds time) const {
  constexpr milliseconds kLook{50};
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
    if (options_.cancelled != nullptr && options_.cancelled->load()) return false;
    std::this_thread::sleep_for(std::min(kLook, time));
  }
  return true;
}

HttpResponse Client::sendOnce(const Request& request) {
  const auto now = nowMicros() / kSecond;
  SignedRequest signing;
  signing.method = request.method;
  signing.path = pathOf(request.bucket, request.key);
  signing.query = request.query;
  signing.headers = request.headers;
  signing.payload = request.payload.empty() ? text::hex(sha256(request.body)) : request.payload;
  signing.headers.emplace_back("host", hostOf(request.bucket));
  signing.headers.emplace_back("x-amz-date", signatureDate(now));
  signing.headers.emplace_back("x-amz-content-sha256", signing.payload);

  HttpRequest http;
  http.method = request.method;
  http.url = (options_.secure ? "https://" : "http://") + hostOf(request.bucket) + signing.path;
  if (!request.query.empty()) http.url += "?" + encodeQuery(request.query);
  http.headers = signing.headers;
  http.headers.emplace_back("authorization", authorization(signer(), signing, now));
  http.body = request.body;
  http.bodySource = request.source;
  http.bodyOffset = request.offset;
  http.bodyLength = request.length;
  http.pathAsIs = true;
  http.toStore = true;
  http.connectTimeout = options_.connectTimeout;
  http.timeout = milliseconds(0);
  http.idleTimeout = request.idleTimeout.count() > 0 ? request.idleTimeout : options_.idleTimeout;
  http.maxResponse = request.maxResponse;
  http.cancelled = options_.cancelled;
  return http_.perform(http);
}

void Client::unreachable(const std::string& reason) {
  count("unreachable");
  if (breaker_.failed())
    log::error("the object store does not answer", {{"endpoint", options_.endpoint}, {"reason", reason}});
}

HttpResponse Client::send(const Request& request) {
  for (int attempt = 0;; ++attempt) {
    const bool last = attempt + 1 == kTries;
    if (options_.cancelled != nullptr && options_.cancelled->load())
      throw ServiceError(ErrorKind::unavailable, "object store: the server is stopping", 1);
    if (!breaker_.admits())
      throw ServiceError(ErrorKind::unavailable, "object store: it did not answer a moment ago", 2);
    milliseconds wait = jittered(attempt);
    try {
      auto response = sendOnce(request);
      if (breaker_.succeeded()) log::info("the object store answers again", {{"endpoint", options_.endpoint}});
      if (!isBusy(response.status)) {
        count(isSuccess(response) || response.status == 404 ? "ok" : "refused");
        return response;
      }
      count("busy");
      const int asked = retryAfterOf(response);
      // After 429 and 503 nothing was done; after another 5xx that is unknown.
      const bool again = request.repeatable || response.status == 429 || response.status == 503;
      if (last || !again || std::chrono::seconds(asked) > kMaxPause) {
        const auto refusal = refusalOf(response, request.bucket, nowMicros());
        throw ServiceError(refusal.kind(), refusal.what(), std::max(asked, refusal.retryAfter()), refusal.code());
      }
      wait = std::max<milliseconds>(wait, std::chrono::seconds(asked));
      log::debug("the object store is busy", {{"status", response.status}, {"attempt", attempt + 1}});
    } catch (const ServiceError& error) {
      const std::string reason = error.what();
      const bool fromClient = reason.starts_with("http client: ");
      if (!fromClient) throw;
      if (options_.cancelled != nullptr && options_.cancelled->load())
        throw ServiceError(ErrorKind::unavailable, "object store: the server is stopping", 1);
      // A store that was silent for the whole time limit is not tried again.
      if (error.kind() == ErrorKind::timeout) {
        unreachable(reason);
        throw ServiceError(ErrorKind::unavailable,
                           "object store: " + options_.endpoint + " does not answer (" + reason.substr(13) + ")", 2);
      }
      if (error.kind() != ErrorKind::unavailable) throw;
      if (last || !request.repeatable) {
        unreachable(reason);
        throw ServiceError(ErrorKind::unavailable,
                           "object store: " + options_.endpoint + " can't be reached (" + reason.substr(13) + ")", 2);
      }
      log::debug("the object store can't be reached", {{"reason", reason}, {"attempt", attempt + 1}});
    }
    if (!pause(wait)) throw ServiceError(ErrorKind::unavailable, "object store: the server is stopping", 1);
  }
}

void Client::refuse(const Request& request, const HttpResponse& response) {
  throw refusalOf(response, request.bucket, nowMicros());
}

// The answer to a HEAD has no body with the reason: send a request whose answer has one.
void Client::refuseHead(const Request& request, const HttpResponse& response) {
  const auto known = refusalOf(response, request.bucket, nowMicros());
  if (known.code() != "access_denied" && known.kind() != ErrorKind::unavailable) throw known;
  Request asking{"GET", request.bucket, ""};
  asking.query = {{"list-type", "2"}, {"max-keys", "1"}};
  const auto answer = send(asking);
  if (!isSuccess(answer)) refuse(asking, answer);
  throw known;
}

HttpResponse Client::require(const Request& request) {
  auto response = send(request);
  if (!isSuccess(response)) refuse(request, response);
  return response;
}

bool Client::bucketExists(const std::string& bucket) {
  const Request request{"HEAD", bucket, ""};
  const auto response = send(request);
  if (isSuccess(response)) return true;
  if (response.status == 404) return false;
  refuseHead(request, response);
}

std::optional<Stored> Client::head(const std::string& bucket, const std::string& key) {
  const Request request{"HEAD", bucket, key};
  const auto response = send(request);
  if (response.status == 404) return std::nullopt;
  if (!isSuccess(response)) refuseHead(request, response);
  return Stored{fieldOf(response, "etag"), fieldOf(response, "x-amz-version-id"), fieldOf(response, "content-type"),
                sizeOf(response), parseTime(fieldOf(response, "last-modified"))};
}

Stored Client::put(const std::string& bucket, const std::string& key, ByteSource& source, std::string_view contentType,
                   std::string_view sha256) {
  if (source.size() > kMaxObjectBytes)
    throw ServiceError(ErrorKind::full, "object store: an object can't be larger than 5 TiB", 0, "storage_full");
  if (source.size() > options_.multipartAbove) return MultipartUpload(*this, bucket, key, source, contentType).run();
  Request request{"PUT", bucket, key};
  if (!contentType.empty()) request.headers.emplace_back("content-type", contentType);
  request.source = &source;
  request.length = source.size();
  request.payload = sha256.empty() ? digestOf(source, 0, source.size()) : std::string(sha256);
  const auto response = require(request);
  const auto storedAt = parseTime(fieldOf(response, "last-modified"));
  return {fieldOf(response, "etag"), fieldOf(response, "x-amz-version-id"), std::string(contentType), source.size(),
          storedAt > 0 ? storedAt : nowMicros()};
}

std::size_t Client::get(const std::string& bucket, const std::string& key, const std::string& etag,
                        std::uint64_t offset, std::span<char> buffer) {
  if (buffer.empty()) return 0;
  Request request{"GET", bucket, key};
  request.headers = {{"range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + buffer.size() - 1)}};
  if (!etag.empty()) request.headers.emplace_back("if-match", etag);
  request.maxResponse = std::max<std::uint64_t>(buffer.size(), kErrorRoom);
  const auto response = send(request);
  if (response.status == 416) return 0;
  if (response.status == 412)
    throw ServiceError(ErrorKind::unavailable, "object store: the object was replaced while it was read");
  if (!isSuccess(response)) refuse(request, response);
  if (response.status != 206 && (offset > 0 || response.body.size() > buffer.size()))
    throw ServiceError(ErrorKind::unavailable, "object store: it does not know Range");
  std::memcpy(buffer.data(), response.body.data(), response.body.size());
  return response.body.size();
}

void Client::remove(const std::string& bucket, const std::string& key) {
  const Request request{"DELETE", bucket, key};
  const auto response = send(request);
  if (isSuccess(response)) return;
  const auto refusal = refusalOf(response, bucket, nowMicros());
  if (refusal.code() != "no_object") throw refusal;
}

Listing Client::list(const std::string& bucket, const std::string& prefix, const std::string& after,
                     std::size_t limit) {
  constexpr std::size_t kMaxKeys = 1000;
  Request request{"GET", bucket, ""};
  request.query = {{"list-type", "2"}, {"prefix", prefix}, {"max-keys", std::to_string(std::min(limit, kMaxKeys))}};
  if (!after.empty()) request.query.emplace_back("start-after", after);
  return parseListing(require(request).body);
}

std::vector<std::string> Client::folders(const std::string& bucket, const std::string& prefix) {
  std::vector<std::string> names;
  std::string token;
  for (bool more = true; more;) {
    Request request{"GET", bucket, ""};
    request.query = {{"list-type", "2"}, {"prefix", prefix}, {"delimiter", "/"}};
    if (!token.empty()) request.query.emplace_back("continuation-token", token);
    auto page = parseListing(require(request).body);
    for (const auto& folder : page.folders) {
      if (folder.size() > prefix.size() + 1)
        names.push_back(folder.substr(prefix.size(), folder.size() - prefix.size() - 1));
    }
    more = page.truncated && !page.next.empty();
    token = std::move(page.next);
  }
  return names;
}

std::size_t Client::abortUploads(const std::string& bucket, const std::string& prefix, std::chrono::seconds age) {
  const auto oldest = nowMicros() - std::chrono::microseconds(age).count();
  std::size_t aborted = 0;
  std::string keyMarker, idMarker;
  for (bool more = true; more;) {
    Request request{"GET", bucket, ""};
    request.query = {{"uploads", ""}, {"prefix", prefix}};
    if (!keyMarker.empty()) request.query.emplace_back("key-marker", keyMarker);
    if (!idMarker.empty()) request.query.emplace_back("upload-id-marker", idMarker);
    const auto page = parseUploads(require(request).body);
    for (const auto& upload : page.uploads) {
      if (upload.begunAt <= oldest && MultipartUpload::newestPart(*this, bucket, upload) <= oldest) {
        MultipartUpload::abort(*this, bucket, upload.key, upload.id);
        ++aborted;
      }
    }
    more = page.truncated && !(page.nextKey == keyMarker && page.nextId == idMarker);
    keyMarker = page.nextKey;
    idMarker = page.nextId;
  }
  return aborted;
}

std::string Client::presign(const std::string& bucket, const std::string& key, std::int64_t seconds) const {
  auto base = options_.publicEndpoint.empty() ? (options_.secure ? "https://" : "http://") + options_.endpoint
                                              : options_.publicEndpoint;
  const auto start = base.find("://") + 3;
  if (options_.virtualHost) base.insert(start, bucket + ".");
  SignedRequest request;
  request.method = "GET";
  request.path = pathOf(bucket, key);
  request.headers = {{"host", base.substr(start)}};
  request.payload = kUnsignedPayload;
  return base + request.path + "?" + presignedQuery(signer(), request, nowMicros() / kSecond, seconds);
}

}  // namespace mortise::services::s3
