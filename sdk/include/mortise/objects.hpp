// Named objects in the buckets of the operator's object store: objects/1. A module's own data belongs into blobs/1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mortise/abi/objects.h"
#include "mortise/file.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

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
  std::int64_t modifiedAt = 0;  // microseconds since the epoch
};

// An empty bucket name is the default one. The rules of names stand in abi/objects.h. [worker] [start]
// Failures throw Problem: 404 no_bucket, no_object; 422 bucket_name, object_name, expiry; 403 access_denied,
// clock_skew; 503 "unavailable"; 507 "storage_full".
class Objects {
 public:
  using Table = mortise_objects_v1;
  static constexpr const char* kInterface = MORTISE_OBJECTS_V1;
  Objects(mortise_host* host, const Table* table)
      : host_(host),
        table_(table),
        call_(static_cast<const mortise_call_v1*>(host->lookup(host, detail::str(MORTISE_CALL_V1)))) {}

  // A bucket that is not there is an answer, not a failure.
  Bucket bucket(std::string_view name = {}) const {
    detail::SinkResult<Bucket> got;
    auto error = detail::noError();
    const auto status = table_->bucket(
        host_, detail::str(name),
        [](void* context, const mortise_bucket* c) {
          auto& out = *static_cast<detail::SinkResult<Bucket>*>(context);
          out.keep([&] {
            out.value = Bucket{detail::copied(c->name), detail::copied(c->endpoint), c->secure != 0, c->exists != 0,
                               c->is_default != 0};
          });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Durable when it returns; replaces what had the name.
  Object put(std::string_view bucket, std::string_view name, std::string_view bytes,
             std::string_view content_type = {}) const {
    detail::SinkResult<Object> got;
    auto error = detail::noError();
    check(table_->put(host_, detail::str(bucket), detail::str(name), detail::str(bytes), detail::str(content_type),
                      take, &got, &error),
          error);
    return std::move(got.finish(kInterface));
  }
  Object put(std::string_view bucket, std::string_view name, const File& file,
             std::string_view content_type = {}) const {
    detail::SinkResult<Object> got;
    auto error = detail::noError();
    check(table_->put_file(host_, detail::str(bucket), detail::str(name), file.get(), detail::str(content_type), take,
                           &got, &error),
          error);
    return std::move(got.finish(kInterface));
  }
  // Empty when there is no such object; Problem 404 no_bucket when there is no such bucket.
  std::optional<Object> stat(std::string_view bucket, std::string_view name) const {
    detail::SinkResult<Object> got;
    auto error = detail::noError();
    const auto status = table_->stat(host_, detail::str(bucket), detail::str(name), take, &got, &error);
    if (status == MORTISE_NOT_FOUND && std::string_view(error.code) == "no_object") return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  File open(std::string_view bucket, std::string_view name) const {
    auto error = detail::noError();
    mortise_file* file = nullptr;
    check(table_->open(host_, detail::str(bucket), detail::str(name), &file, &error), error);
    return File(call_, file, table_->close);
  }
  // False when there was no such object.
  bool remove(std::string_view bucket, std::string_view name) const {
    auto error = detail::noError();
    const auto status = table_->remove(host_, detail::str(bucket), detail::str(name), &error);
    if (status == MORTISE_NOT_FOUND && std::string_view(error.code) == "no_object") return false;
    check(status, error);
    return true;
  }
  // A link with which any client may fetch the object for `seconds` (1..604800).
  std::string presign(std::string_view bucket, std::string_view name, std::int64_t seconds) const {
    detail::SinkResult<std::string> got;
    auto error = detail::noError();
    const auto status = table_->presign(
        host_, detail::str(bucket), detail::str(name), seconds,
        [](void* context, mortise_str url) {
          auto& out = *static_cast<detail::SinkResult<std::string>*>(context);
          out.keep([&] { out.value = detail::copied(url); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

 private:
  static void take(void* context, const mortise_object* c) {
    auto& out = *static_cast<detail::SinkResult<Object>*>(context);
    out.keep([&] {
      out.value = Object{detail::copied(c->bucket),
                         detail::copied(c->name),
                         detail::copied(c->etag),
                         detail::copied(c->version_id),
                         detail::copied(c->content_type),
                         c->size,
                         c->modified_at};
    });
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  mortise_host* host_;
  const Table* table_;
  const mortise_call_v1* call_;
};

inline Objects Host::objects() const { return need<Objects>(); }

}  // namespace mortise::inline sdk1
