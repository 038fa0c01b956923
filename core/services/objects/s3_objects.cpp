#include "core/services/objects/s3_objects.hpp"

#include "core/services/objects/object_name.hpp"
#include "core/services/s3/object_source.hpp"

namespace mortise::services {
namespace {

class S3Objects final : public Objects {
 public:
  S3Objects(std::shared_ptr<s3::Client> client, std::string defaultBucket, std::string reserved)
      : client_(std::move(client)), defaultBucket_(std::move(defaultBucket)), reserved_(std::move(reserved)) {}

  Bucket bucket(std::string_view name) override {
    Bucket answer;
    answer.name = nameOr(name);
    answer.endpoint = client_->options().endpoint;
    answer.secure = client_->options().secure;
    answer.exists = client_->bucketExists(answer.name);
    answer.isDefault = answer.name == defaultBucket_;
    return answer;
  }

  Object put(std::string_view bucket, std::string_view name, ByteSource& bytes, std::string_view contentType) override {
    checkContentType(contentType);
    const auto in = placeOf(bucket, name);
    return describe(in, name, client_->put(in, std::string(name), bytes, contentType));
  }

  std::optional<Object> stat(std::string_view bucket, std::string_view name) override {
    const auto in = placeOf(bucket, name);
    const auto stored = client_->head(in, std::string(name));
    if (stored) return describe(in, name, *stored);
    requireBucket(in);
    return std::nullopt;
  }

  std::shared_ptr<ByteSource> open(std::string_view bucket, std::string_view name) override {
    const auto in = placeOf(bucket, name);
    const auto stored = client_->head(in, std::string(name));
    if (stored) return std::make_shared<s3::ObjectSource>(client_, in, std::string(name), *stored);
    requireBucket(in);
    throw ServiceError(ErrorKind::notFound, "objects: there is no object of this name in " + in, 0, "no_object");
  }

  bool remove(std::string_view bucket, std::string_view name) override {
    if (!stat(bucket, name)) return false;
    client_->remove(nameOr(bucket), std::string(name));
    return true;
  }

  std::string presign(std::string_view bucket, std::string_view name, std::int64_t seconds) override {
    checkExpiry(seconds);
    return client_->presign(placeOf(bucket, name), std::string(name), seconds);
  }

  // Other programs may share the buckets, and nothing distinguishes unfinished uploads of this server from theirs: the
  // bucket's own rules must remove them.
  std::size_t cleanUp() override { return 0; }

 private:
  std::string nameOr(std::string_view bucket) const {
    if (bucket.empty()) return defaultBucket_;
    checkBucketName(bucket);
    return std::string(bucket);
  }
  // The bucket, if the name may be used in it.
  std::string placeOf(std::string_view bucket, std::string_view name) const {
    checkObjectName(name);
    auto in = nameOr(bucket);
    if (in == defaultBucket_ && !reserved_.empty() && name.starts_with(reserved_)) {
      throw ServiceError(ErrorKind::invalid, "objects: names that begin with " + reserved_ + " are kept for blobs", 0,
                         "object_name");
    }
    return in;
  }
  void requireBucket(const std::string& bucket) {
    if (!client_->bucketExists(bucket))
      throw ServiceError(ErrorKind::notFound, "objects: there is no bucket " + bucket, 0, "no_bucket");
  }
  static Object describe(const std::string& bucket, std::string_view name, s3::Stored stored) {
    return {bucket,
            std::string(name),
            std::move(stored.etag),
            std::move(stored.versionId),
            std::move(stored.contentType),
            stored.size,
            stored.modifiedAt};
  }

  const std::shared_ptr<s3::Client> client_;
  const std::string defaultBucket_, reserved_;
};

}  // namespace

std::unique_ptr<Objects> openS3Objects(std::shared_ptr<s3::Client> client, std::string defaultBucket,
                                       std::string reserved) {
  return std::make_unique<S3Objects>(std::move(client), std::move(defaultBucket), std::move(reserved));
}

}  // namespace mortise::services
