// The part of the S3 API that blobs and objects need, over services::HttpClient, each request signed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/byte_source.hpp"
#include "core/ops/metrics.hpp"
#include "core/services/breaker.hpp"
#include "core/services/http_client/http_client.hpp"
#include "core/services/s3/answers.hpp"
#include "core/services/s3/signature.hpp"

namespace mortise::services::s3 {

struct Options {
  std::string endpoint;        // "host:port" or "host"
  bool secure = true;          // TLS
  std::string publicEndpoint;  // as clients of presigned links reach it, "https://files.example"; empty = `endpoint`
  std::string region = "us-east-1";
  std::string accessKey;
  std::string secretKey;
  bool virtualHost = false;  // bucket.host/key, not host/bucket/key
  std::string caFile;        // empty = the system's
  std::chrono::milliseconds connectTimeout{3000};
  std::chrono::milliseconds idleTimeout{10000};  // no byte in either direction for that long
  std::uint64_t multipartAbove = 64ull << 20;    // larger objects are sent in parts
  std::uint64_t partSize = 16ull << 20;          // at least; grows so that 10,000 parts suffice
  const std::atomic<bool>* cancelled = nullptr;  // set: requests in progress end with ServiceError{unavailable}
  ops::Registry* metrics = nullptr;
};

struct Stored {
  std::string etag;       // quotes included
  std::string versionId;  // empty: the bucket keeps no versions
  std::string contentType;
  std::uint64_t size = 0;
  std::int64_t modifiedAt = 0;  // microseconds
};

// Thread-safe; blocking, so: workers only. The caller has checked `bucket` and `key`. Repeatable requests are retried
// for some seconds after 429, 5xx and failed connections; a store that was not reached is not contacted for two
// seconds. ServiceError: {denied} access_denied, clock_skew; {notFound} no_bucket, no_object; {full} storage_full;
// {unavailable} the rest. The texts name the option to change; they contain no secret.
class Client {
 public:
  explicit Client(Options options);
  ~Client();

  bool bucketExists(const std::string& bucket);
  // Empty when the object or the bucket does not exist: a HEAD does not tell which.
  std::optional<Stored> head(const std::string& bucket, const std::string& key);
  // `sha256`: of the whole source in hex, if it is known. A put that fails leaves nothing behind.
  Stored put(const std::string& bucket, const std::string& key, ByteSource& source, std::string_view contentType,
             std::string_view sha256 = {});
  // Fills `buffer` from `offset` on; less only at the end. `etag`: the expected version; ServiceError{unavailable} when
  // it was replaced.
  std::size_t get(const std::string& bucket, const std::string& key, const std::string& etag, std::uint64_t offset,
                  std::span<char> buffer);
  // Succeeds when there was none.
  void remove(const std::string& bucket, const std::string& key);
  // One page of keys that begin with `prefix` and come after `after`, at most 1000.
  Listing list(const std::string& bucket, const std::string& prefix, const std::string& after, std::size_t limit);
  // The names directly below `prefix`, which ends in '/': the part before their next '/'.
  std::vector<std::string> folders(const std::string& bucket, const std::string& prefix);
  // Aborts multipart uploads below `prefix` that received no part for `age`. Returns how many.
  std::size_t abortUploads(const std::string& bucket, const std::string& prefix, std::chrono::seconds age);
  // A link that lets its holder fetch the object for `seconds`.
  std::string presign(const std::string& bucket, const std::string& key, std::int64_t seconds) const;

  const Options& options() const { return options_; }

 private:
  friend class MultipartUpload;

  struct Request {
    std::string method;
    std::string bucket;
    std::string key;
    Pairs query{};
    Pairs headers{};  // besides those of every request
    std::string body{};
    ByteSource* source = nullptr;  // instead of `body`
    std::uint64_t offset = 0, length = 0;
    std::string payload{};                     // hex SHA-256 of the body; empty: computed from `body`
    bool repeatable = true;                    // may be sent again when the first result is unknown
    std::uint64_t maxResponse = 8u << 20;      // bytes
    std::chrono::milliseconds idleTimeout{0};  // 0 = the option's
  };
  // Returns any answer except 429 and 5xx, which it retries.
  HttpResponse send(const Request& request);
  HttpResponse sendOnce(const Request& request);
  // send(), but throws for every status except 2xx.
  HttpResponse require(const Request& request);
  [[noreturn]] void refuse(const Request& request, const HttpResponse& response);
  [[noreturn]] void refuseHead(const Request& request, const HttpResponse& response);
  bool pause(std::chrono::milliseconds time) const;  // returns false when cancelled
  void unreachable(const std::string& reason);
  std::string hostOf(const std::string& bucket) const;
  std::string pathOf(const std::string& bucket, const std::string& key) const;
  Signer signer() const;
  void count(const char* outcome);

  const Options options_;
  HttpClient http_;
  Breaker breaker_{std::chrono::seconds(2)};
};

// The SHA-256 of a part of a source, in hex.
std::string digestOf(ByteSource& source, std::uint64_t offset, std::uint64_t length);

}  // namespace mortise::services::s3
