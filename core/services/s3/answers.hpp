// An S3 store's answers in XML. Read by an XML parser, without external entities; missing elements are empty.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::services::s3 {

// <Error>
struct Refusal {
  std::string code;
  std::string message;
  std::string region;      // region of the bucket, when the request used another one
  std::string serverTime;  // RequestTimeTooSkewed
};
// Empty `code` when `body` is no such document.
Refusal parseRefusal(std::string_view body);

struct Listed {
  std::string key;
  std::uint64_t size = 0;
  std::int64_t modifiedAt = 0;  // microseconds
};
// <ListBucketResult>
struct Listing {
  std::vector<Listed> objects;
  std::vector<std::string> folders;  // common prefixes
  bool truncated = false;
  std::string next;  // continuation token
};
// These throw ServiceError{unavailable} when `body` is not the expected document.
Listing parseListing(std::string_view body);

struct Upload {
  std::string key;
  std::string id;
  std::int64_t begunAt = 0;
};
// <ListMultipartUploadsResult>
struct UploadListing {
  std::vector<Upload> uploads;
  bool truncated = false;
  std::string nextKey, nextId;
};
UploadListing parseUploads(std::string_view body);

// <ListPartsResult>
struct PartListing {
  std::int64_t newest = 0;  // microseconds; 0 = no part
  bool truncated = false;
  std::string next;  // part number marker
};
PartListing parseParts(std::string_view body);

// <InitiateMultipartUploadResult>
std::string parseUploadId(std::string_view body);

// ISO 8601 or the form of HTTP fields, as microseconds since the epoch; 0 for anything else.
std::int64_t parseTime(const std::string& text);

}  // namespace mortise::services::s3
