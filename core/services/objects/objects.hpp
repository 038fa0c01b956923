// Named objects in the buckets of the operator's object store (objects/1). Buckets are the operator's: none is made
// here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/byte_source.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {

struct Bucket {
  std::string name;
  std::string endpoint;  // "host:port"
  bool secure = false;
  bool exists = false;
  bool isDefault = false;
};

struct Object {
  std::string bucket;
  std::string name;
  std::string etag;       // quotes included
  std::string versionId;  // empty: the bucket keeps no versions
  std::string contentType;
  std::uint64_t size = 0;
  std::int64_t modifiedAt = 0;  // microseconds
};

// Thread-safe; blocking, so: workers only. An empty bucket is the default one. ServiceError with these codes:
// {notFound} no_bucket, no_object; {invalid} bucket_name, object_name, content_type, expiry; {denied} access_denied,
// clock_skew; {full} storage_full; {unavailable} when the store does not answer.
class Objects {
 public:
  virtual ~Objects() = default;

  // A bucket that is not there is an answer, not a failure.
  virtual Bucket bucket(std::string_view name) = 0;
  // Durable when it returns; replaces what had the name, whole or not at all.
  virtual Object put(std::string_view bucket, std::string_view name, ByteSource& bytes,
                     std::string_view contentType) = 0;
  virtual std::optional<Object> stat(std::string_view bucket, std::string_view name) = 0;
  virtual std::shared_ptr<ByteSource> open(std::string_view bucket, std::string_view name) = 0;
  // False when there was none.
  virtual bool remove(std::string_view bucket, std::string_view name) = 0;
  // A link with which anybody may fetch the object for `seconds` (1..604800) from now.
  virtual std::string presign(std::string_view bucket, std::string_view name, std::int64_t seconds) = 0;
  // Drops what a crash left behind. Returns how many.
  virtual std::size_t cleanUp() = 0;
};

}  // namespace mortise::services
