// The rules for names of buckets and objects, and for the lifetime of a link; every store checks with these.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::services {

// Amazon S3 user guide, "Bucket naming rules": 3 to 63 of [a-z0-9.-], beginning and ending with a letter or digit.
bool isBucketName(std::string_view name);
// ServiceError{invalid} bucket_name.
void checkBucketName(std::string_view name);
// 1 to 1024 bytes of UTF-8 in segments parted by '/', none of them empty, "." or "..", without control bytes and '\'.
// ServiceError{invalid} object_name.
void checkObjectName(std::string_view name);
// Characters of a Content-Type field: at most 255 printable ASCII. ServiceError{invalid} content_type.
void checkContentType(std::string_view type);
// 1 to 604800 seconds. ServiceError{invalid} expiry.
void checkExpiry(std::int64_t seconds);

}  // namespace mortise::services
