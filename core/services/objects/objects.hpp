// Named objects in the buckets of the operator's object store (objects/1). The operator creates the buckets, never this
// server.
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

  // A missing bucket is a result (false), not an error.
  virtual Bucket bucket(std::string_view name) = 0;
  // Durable on return; replaces an object of this name completely or not at all.
  virtual Object put(std::string_view bucket, std::string_view name, ByteSource& bytes,
                     std::string_view contentType) = 0;
  virtual std::optional<Object> stat(std::string_view bucket, std::string_view name) = 0;
  virtual std::shared_ptr<ByteSource> open(std::string_view bucket, std::string_view name) = 0;
  // Returns false when there was none.
  virtual bool remove(std::string_view bucket, std::string_view name) = 0;
  // A link that lets its holder fetch the object for `seconds` (1..604800) from now.
  virtual std::string presign(std::string_view bucket, std::string_view name, std::int64_t seconds) = 0;
  // Drops leftovers of a crash. Returns how many.
  virtual std::size_t cleanUp() = 0;
};

}  // namespace mortise::services
