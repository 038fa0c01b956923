// Immutable byte strings by content: the same bytes in the same scope have the same key, written once.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/byte_source.hpp"
#include "core/services/service_error.hpp"

namespace mortise::services {

struct Blob {
  std::string key;     // scope/sha256
  std::string sha256;  // hex
  std::uint64_t size = 0;
  std::int64_t storedAt = 0;  // microseconds
};

// An upload in progress. Destroying it without finish() leaves nothing behind.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual void write(std::string_view piece) = 0;
  // Durable on return: content and name are synced.
  virtual Blob finish() = 0;
};

// Thread-safe; blocking, so: workers only. ServiceError{full} when disk or quota is exhausted, {unavailable} for other
// I/O errors, {invalid} for a bad scope or key.
class Blobs {
 public:
  // file:DIR; ServiceError{invalid} for another scheme. A bucket: openS3Blobs() in s3_blobs.hpp.
  static std::unique_ptr<Blobs> open(std::string_view url);
  virtual ~Blobs() = default;

  // `scope`: the owner of the blobs (a module's name; [a-z0-9_-]{1,64}). Scopes never share keys.
  virtual std::unique_ptr<BlobWriter> writer(std::string_view scope) = 0;
  Blob put(std::string_view scope, std::string_view bytes);
  Blob put(std::string_view scope, std::istream& stream);
  // A local store takes an unnamed file (an upload) over without a copy, if it can; otherwise it reads and writes the
  // bytes.
  virtual Blob put(std::string_view scope, ByteSource& source);
  Blob putFile(std::string_view scope, const std::string& path);

  virtual std::optional<Blob> stat(std::string_view key) = 0;
  // Throws ServiceError{notFound}. A local file stays readable when the blob is removed meanwhile; reading an object of
  // a remote store fails then.
  virtual std::shared_ptr<ByteSource> openForReading(std::string_view key) = 0;
  std::string read(std::string_view key, std::uint64_t limit);  // ServiceError{full} when larger
  // Returns false when there was none. Two puts of the same bytes share one blob, so count the references before this
  // call.
  virtual bool remove(std::string_view key) = 0;
  // Keys in order, after `after` (exclusive; empty = from the start), at most `limit`.
  virtual std::vector<Blob> list(std::string_view scope, std::string_view after, std::size_t limit) = 0;
  // Drops uploads that a crash left behind and that are older than an hour. Returns how many.
  virtual std::size_t cleanUp() = 0;

  // The scopes that have blobs, in order.
  virtual std::vector<std::string> scopes() = 0;
  // Takes a damaged blob out of service: one whose bytes, as read from `seen`, do not match its name. It can't be
  // opened any more, and putting the right bytes repairs it. The damaged file is kept for inspection. Returns false
  // when the blob is gone or was replaced since `seen` was opened.
  virtual bool setAside(std::string_view key, ByteSource& seen) = 0;
  // How many damaged files are kept.
  virtual std::size_t countSetAside() = 0;
};

}  // namespace mortise::services
