#include "core/services/blobs/s3_blobs.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/sha256.hpp"
#include "core/base/temporary_file.hpp"
#include "core/services/blobs/blob_key.hpp"
#include "core/services/s3/object_source.hpp"

namespace mortise::services {
namespace {

constexpr std::size_t kHash = 64;

// For a module a blob exists or it does not: wrong credentials or a missing bucket of this server count as an outage.
template <typename Work>
auto onStore(Work work) {
  try {
    return work();
  } catch (const ServiceError& error) {
    const bool misconfigured = error.kind() == ErrorKind::denied || error.code() == "no_bucket";
    if (!misconfigured) throw;
    throw ServiceError(ErrorKind::unavailable, error.what(), 5, error.code());
  }
}

[[noreturn]] void spoolFailed(const std::system_error& failure) {
  const bool full = failure.code() == std::errc::no_space_on_device || failure.code().value() == EDQUOT;
  throw ServiceError(full ? ErrorKind::full : ErrorKind::unavailable,
                     std::string("blobs: an upload can't be spooled: ") + failure.what());
}

// <prefix>/<scope>/<first two of the hash>/<hash>. An upload waits in an unnamed file until its hash is known.
class S3Blobs final : public Blobs {
 public:
  S3Blobs(std::shared_ptr<s3::Client> client, S3BlobsOptions options)
      : client_(std::move(client)),
        bucket_(std::move(options.bucket)),
        prefix_(options.prefix.empty() ? "" : options.prefix + "/"),
        spool_(std::move(options.spoolDirectory)) {
    std::error_code failure;
    std::filesystem::create_directories(spool_, failure);
    if (failure)
      throw ServiceError(ErrorKind::unavailable, "blobs: " + spool_ + " can't be made: " + failure.message());
  }

  using Blobs::put;
  std::unique_ptr<BlobWriter> writer(std::string_view scope) override {
    checkBlobScope(scope);
    return std::make_unique<Writer>(*this, std::string(scope));
  }

  // Sends the file directly when its hash is known or can be computed here.
  Blob put(std::string_view scope, ByteSource& source) override {
    checkBlobScope(scope);
    if (source.fd() < 0) return Blobs::put(scope, source);
    const std::string hash(source.sha256().empty() ? s3::digestOf(source, 0, source.size())
                                                   : std::string(source.sha256()));
    return store(std::string(scope), hash, source);
  }

  std::optional<Blob> stat(std::string_view key) override {
    const auto parsed = parseBlobKey(key);
    return onStore([&]() -> std::optional<Blob> {
      const auto stored = client_->head(bucket_, nameOf(parsed));
      if (stored) return Blob{std::string(key), std::string(parsed.hash), stored->size, stored->modifiedAt};
      // A missing bucket is an outage, not a missing blob.
      if (!client_->bucketExists(bucket_)) noBucket();
      return std::nullopt;
    });
  }

  std::shared_ptr<ByteSource> openForReading(std::string_view key) override {
    const auto parsed = parseBlobKey(key);
    return onStore([&]() -> std::shared_ptr<ByteSource> {
      const auto stored = client_->head(bucket_, nameOf(parsed));
      if (stored) return std::make_shared<s3::ObjectSource>(client_, bucket_, nameOf(parsed), *stored);
      if (!client_->bucketExists(bucket_)) noBucket();
      throw ServiceError(ErrorKind::notFound, "blobs: no blob " + std::string(key));
    });
  }

  bool remove(std::string_view key) override {
    if (!stat(key)) return false;
    onStore([&] { client_->remove(bucket_, nameOf(parseBlobKey(key))); });
    return true;
  }

  std::vector<Blob> list(std::string_view scope, std::string_view after, std::size_t limit) override {
    checkBlobScope(scope);
    const auto below = prefix_ + std::string(scope) + "/";
    std::string from = after.empty() ? std::string() : nameOf(parseBlobKey(after));
    std::vector<Blob> blobs;
    return onStore([&] {
      while (blobs.size() < limit) {
        const auto page = client_->list(bucket_, below, from, limit - blobs.size());
        for (const auto& object : page.objects) {
          from = object.key;
          const auto hash = object.key.substr(object.key.rfind('/') + 1);
          if (hash.size() != kHash || object.key != below + hash.substr(0, 2) + "/" + hash)
            continue;  // not a blob of this server
          blobs.push_back({std::string(scope) + "/" + hash, hash, object.size, object.modifiedAt});
        }
        if (!page.truncated || page.objects.empty()) break;
      }
      return blobs;
    });
  }

  std::vector<std::string> scopes() override {
    auto names = onStore([&] { return client_->folders(bucket_, prefix_); });
    std::erase_if(names, [](const std::string& name) { return !isBlobScope(name); });
    std::sort(names.begin(), names.end());
    return names;
  }

  // Copies through this server instead of within the store, which limits such copies to 5 GiB.
  bool setAside(std::string_view key, ByteSource& seen) override {
    const auto parsed = parseBlobKey(key);
    const auto name = nameOf(parsed);
    const auto* opened = dynamic_cast<s3::ObjectSource*>(&seen);
    return onStore([&] {
      const auto stored = client_->head(bucket_, name);
      if (!stored || opened == nullptr || stored->etag != opened->etag()) return false;
      client_->put(bucket_, asideFolder() + std::string(parsed.scope) + "/" + std::string(parsed.hash) + "-" + uuid4(),
                   seen, "application/octet-stream");
      client_->remove(bucket_, name);
      return true;
    });
  }

  std::size_t countSetAside() override {
    return onStore([&] {
      std::size_t count = 0;
      std::string after;
      for (bool more = true; more;) {
        const auto page = client_->list(bucket_, asideFolder(), after, 1000);
        count += page.objects.size();
        more = page.truncated && !page.objects.empty();
        if (more) after = page.objects.back().key;
      }
      return count;
    });
  }

  std::size_t cleanUp() override {
    return onStore([&] { return client_->abortUploads(bucket_, prefix_, std::chrono::hours(1)); });
  }

 private:
  class Writer final : public BlobWriter {
   public:
    Writer(S3Blobs& store, std::string scope) : store_(store), scope_(std::move(scope)) {
      try {
        file_ = std::make_unique<TemporaryFile>(store_.spool_);
      } catch (const std::system_error& failure) {
        spoolFailed(failure);
      }
    }
    void write(std::string_view piece) override {
      if (!file_) throw ServiceError(ErrorKind::invalid, "blobs: write after finish");
      digest_.add(piece);
      try {
        file_->write(piece);
      } catch (const std::system_error& failure) {
        spoolFailed(failure);
      }
    }
    Blob finish() override {
      if (!file_) throw ServiceError(ErrorKind::invalid, "blobs: finish was called twice");
      const auto size = file_->size();
      FileSource source(file_->release(), size);
      file_.reset();
      return store_.store(scope_, digest_.hex(), source);
    }

   private:
    S3Blobs& store_;
    const std::string scope_;
    std::unique_ptr<TemporaryFile> file_;
    Sha256 digest_;
  };

  Blob store(const std::string& scope, const std::string& hash, ByteSource& source) {
    const auto name = nameOf({scope, hash});
    return onStore([&] {
      // The same bytes have the same name: a complete object need not be sent again.
      auto stored = client_->head(bucket_, name);
      if (!stored || stored->size != source.size())
        stored = client_->put(bucket_, name, source, "application/octet-stream", hash);
      return Blob{scope + "/" + hash, hash, source.size(), stored->modifiedAt};
    });
  }

  [[noreturn]] void noBucket() const {
    throw ServiceError(ErrorKind::notFound,
                       "object store: there is no bucket " + bucket_ + "; make it, or name another one in blobs.url", 0,
                       "no_bucket");
  }
  // No scope contains a dot.
  std::string asideFolder() const { return prefix_ + ".damaged/"; }
  std::string nameOf(const BlobKey& key) const {
    return prefix_ + std::string(key.scope) + "/" + std::string(key.hash.substr(0, 2)) + "/" + std::string(key.hash);
  }

  const std::shared_ptr<s3::Client> client_;
  const std::string bucket_, prefix_, spool_;
};

}  // namespace

std::unique_ptr<Blobs> openS3Blobs(std::shared_ptr<s3::Client> client, S3BlobsOptions options) {
  return std::make_unique<S3Blobs>(std::move(client), std::move(options));
}

}  // namespace mortise::services
