// AWS Signature Version 4 (Amazon S3 API reference, "Authenticating Requests"): the Authorization field of a request,
// and the query of a presigned link. Pure functions of their arguments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::services::s3 {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Signer {
  std::string accessKey;
  std::string secretKey;
  std::string region;
  std::string service = "s3";
};

struct SignedRequest {
  std::string method;
  std::string path;     // encoded, as it is sent
  Pairs query;          // decoded
  Pairs headers;        // every one is signed; "host" and "x-amz-date" among them
  std::string payload;  // hex SHA-256 of the body, or UNSIGNED-PAYLOAD
};

constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// 20130524T000000Z. `time`: seconds since the epoch.
std::string signatureDate(std::int64_t time);
// Segments percent-encoded, slashes kept.
std::string encodePath(std::string_view path);
// a=b&c=, names and values percent-encoded, in the order of the signature.
std::string encodeQuery(const Pairs& query);

// The value of the Authorization field.
std::string authorization(const Signer& signer, const SignedRequest& request, std::int64_t time);
// The whole query of a link that holds for `seconds`; `request` has no header but "host".
std::string presignedQuery(const Signer& signer, const SignedRequest& request, std::int64_t time, std::int64_t seconds);

}  // namespace mortise::services::s3
