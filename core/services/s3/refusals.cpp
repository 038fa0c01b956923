#include "core/services/s3/refusals.hpp"

#include <cstdlib>

#include "core/base/status_phrase.hpp"

namespace mortise::services::s3 {
namespace {

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kToleratedSkew = std::int64_t{15} * 60;  // seconds, of the S3 API

ServiceError denied(const std::string& text) {
  return ServiceError(ErrorKind::denied, "object store: " + text, 0, "access_denied");
}

// Seconds between the store's clock and this server's; 0 when its answer has no time.
std::int64_t skewOf(const HttpResponse& response, const Refusal& refusal, std::int64_t now) {
  auto theirs = parseTime(refusal.serverTime);
  if (theirs == 0) theirs = parseTime(fieldOf(response, "date"));
  return theirs == 0 ? 0 : std::abs(theirs - now) / kMicro;
}

std::string described(const HttpResponse& response, const Refusal& refusal) {
  std::string text = std::to_string(response.status);
  if (refusal.code.empty()) return text + " " + std::string(statusPhrase(response.status));
  text += " " + refusal.code;
  return refusal.message.empty() ? text : text + ": " + refusal.message;
}

}  // namespace

std::string fieldOf(const HttpResponse& response, std::string_view name) {
  for (const auto& [field, value] : response.headers) {
    if (field == name) return value;
  }
  return {};
}

ServiceError refusalOf(const HttpResponse& response, const std::string& bucket, std::int64_t now) {
  const auto refusal = parseRefusal(response.body);
  const auto& code = refusal.code;
  if (code == "NoSuchBucket") {
    return ServiceError(ErrorKind::notFound,
                        "object store: there is no bucket " + bucket + "; make it, or name another one in blobs.url", 0,
                        "no_bucket");
  }
  if (response.status == 404)
    return ServiceError(ErrorKind::notFound, "object store: there is no such object in " + bucket, 0, "no_object");
  const auto skew = skewOf(response, refusal, now);
  if (code == "RequestTimeTooSkewed" || (response.status == 403 && skew > kToleratedSkew)) {
    return ServiceError(ErrorKind::denied,
                        "object store: the clock of this server and of the object store differ by " +
                            std::to_string(skew) + " s; set the clock (NTP)",
                        0, "clock_skew");
  }
  const auto region = refusal.region.empty() ? fieldOf(response, "x-amz-bucket-region") : refusal.region;
  const bool elsewhere = code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" ||
                         code == "TemporaryRedirect" || code == "IllegalLocationConstraintException" ||
                         response.status == 301 || response.status == 307;
  if (elsewhere) {
    return ServiceError(ErrorKind::unavailable,
                        "object store: bucket " + bucket +
                            (region.empty() ? " is reached another way (" + described(response, refusal) +
                                                  "); check blobs.s3_region, blobs.s3_endpoint and blobs.s3_addressing"
                                            : " is in the region " + region + "; set blobs.s3_region"),
                        5);
  }
  if (code == "InvalidAccessKeyId") return denied("it does not know the access key; check blobs.s3_access_key");
  if (code == "SignatureDoesNotMatch")
    return denied("it refuses the signature; check blobs.s3_secret_key and blobs.s3_access_key");
  if (response.status == 401 || response.status == 403) {
    return denied("it denies access to bucket " + bucket + " (" + described(response, refusal) +
                  "); check the rights of blobs.s3_access_key");
  }
  if (response.status == 507 || code == "QuotaExceeded" || code == "EntityTooLarge" || code == "XMinioStorageFull") {
    return ServiceError(ErrorKind::full, "object store: it has no room (" + described(response, refusal) + ")", 0,
                        "storage_full");
  }
  return ServiceError(ErrorKind::unavailable, "object store: it answered " + described(response, refusal), 1);
}

}  // namespace mortise::services::s3
