// Objects in folders of this machine: a bucket is a folder, and a link points to this server.
#pragma once

#include <functional>
#include <mutex>

#include "core/base/unique_fd.hpp"
#include "core/services/objects/objects.hpp"

namespace mortise::services {

struct LocalObjectsOptions {
  std::string root;  // of the buckets; created when missing, like the default bucket's folder
  std::string defaultBucket = "default";
  std::string key;                   // signs the links
  std::function<std::string()> url;  // URL of this server for clients, "https://api.example"
};

// ROOT/<bucket>/<first two of the hash>/<hash of the name>.json describes the object and names the file beside it with
// its bytes. Replacing that file as a whole commits a put. Names never become paths: they can't point elsewhere, may be
// longer than a file's name, and "a" and "a/b" can exist together.
class LocalObjects final : public Objects {
 public:
  // ServiceError{unavailable} when the folder can't be made.
  explicit LocalObjects(LocalObjectsOptions options);

  Bucket bucket(std::string_view name) override;
  Object put(std::string_view bucket, std::string_view name, ByteSource& bytes, std::string_view contentType) override;
  std::optional<Object> stat(std::string_view bucket, std::string_view name) override;
  std::shared_ptr<ByteSource> open(std::string_view bucket, std::string_view name) override;
  bool remove(std::string_view bucket, std::string_view name) override;
  std::string presign(std::string_view bucket, std::string_view name, std::int64_t seconds) override;
  // Removes files older than an hour that no object refers to.
  std::size_t cleanUp() override;

  enum class Link : std::uint8_t { good, expired, forged };
  // Whether presign() gave `signature` for this object and `expires` (seconds since the epoch), and it has not expired.
  Link examine(std::string_view bucket, std::string_view name, std::int64_t expires, std::string_view signature) const;
  // Throws ServiceError{unavailable} when nothing can be stored.
  void checkWritable() const;

 private:
  struct StoredObject;
  struct Place;
  Place placeOf(std::string_view bucket, std::string_view name) const;
  std::string nameOr(std::string_view bucket) const;
  bool bucketExists(const std::string& bucket) const;
  std::optional<StoredObject> load(const Place& place) const;
  std::string sign(std::string_view bucket, std::string_view name, std::int64_t expires) const;

  const LocalObjectsOptions options_;
  std::mutex commit_;  // serializes replacing and removing
};

}  // namespace mortise::services
