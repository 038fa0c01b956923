#include "core/services/blobs/file_blobs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <unordered_set>
#include <utility>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/services/blobs/blob_key.hpp"

namespace mortise::services {
namespace {

[[noreturn]] void failed(const std::string& what, int number) {
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  throw ServiceError(full ? ErrorKind::full : ErrorKind::unavailable, "blobs: " + what + ": " + std::strerror(number));
}

struct DigestDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void syncDirectory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) failed("open " + path, errno);
  if (::fsync(directory.get()) != 0) failed("fsync " + path, errno);
}

void makeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) failed("mkdir " + path, errno);
}

// DIR/tmp/<uuid> while it is written, then DIR/data/<scope>/<first two of the hash>/<hash>.
class FileBlobs final : public Blobs {
 public:
  explicit FileBlobs(std::string root) : root_(std::move(root)), data_(root_ + "/data"), temporary_(root_ + "/tmp") {
    std::error_code error;
    std::filesystem::create_directories(root_, error);
    if (error) {
      throw ServiceError(ErrorKind::unavailable, "blobs.url: " + root_ + " can't be made: " + error.message());
    }
    ensure(root_, data_);
    ensure(root_, temporary_);
    if (::access(temporary_.c_str(), W_OK | X_OK) != 0) failed("no right to write in " + temporary_, errno);
  }

  std::unique_ptr<BlobWriter> writer(std::string_view scope) override {
    checkBlobScope(scope);
    return std::make_unique<Writer>(*this, std::string(scope));
  }

  std::optional<Blob> stat(std::string_view key) override {
    struct stat status {};
    if (::stat(path(parseBlobKey(key)).c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
      failed("stat", errno);
    }
    return describe(key, status);
  }

  std::shared_ptr<ByteSource> openForReading(std::string_view key) override {
    UniqueFd file(::open(path(parseBlobKey(key)).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
      if (errno == ENOENT || errno == ENOTDIR)
        throw ServiceError(ErrorKind::notFound, "blobs: no blob " + std::string(key));
      failed("open " + std::string(key), errno);
    }
    return std::make_shared<FileSource>(std::move(file));
  }

  bool remove(std::string_view key) override {
    const BlobKey parsed = parseBlobKey(key);
    if (::unlink(path(parsed).c_str()) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return false;
      failed("remove " + std::string(key), errno);
    }
    syncDirectory(directory(parsed));
    return true;
  }

  std::vector<Blob> list(std::string_view scope, std::string_view after, std::size_t limit) override {
    checkBlobScope(scope);
    const std::string_view afterHash = after.empty() ? std::string_view{} : parseBlobKey(after).hash;
    std::vector<Blob> found;
    for (const std::string& shard : names(data_ + "/" + std::string(scope), 2)) {
      if (!afterHash.empty() && shard < afterHash.substr(0, 2)) continue;
      for (const std::string& hash : names(data_ + "/" + std::string(scope) + "/" + shard, 64)) {
        if (hash <= afterHash) continue;
        if (found.size() >= limit) return found;
        if (auto blob = stat(std::string(scope) + "/" + hash)) found.push_back(std::move(*blob));
      }
    }
    return found;
  }

  std::size_t cleanUp() override {
    std::size_t removed = 0;
    const std::int64_t oldest = nowMicros() - 3600ll * 1'000'000;
    for (const std::string& name : names(temporary_, 36)) {
      const std::string file = temporary_ + "/" + name;
      struct stat status {};
      if (::stat(file.c_str(), &status) == 0 && status.st_mtim.tv_sec * 1'000'000 < oldest &&
          ::unlink(file.c_str()) == 0) {
        ++removed;
      }
    }
    return removed;
  }

 private:
  class Writer final : public BlobWriter {
   public:
    Writer(FileBlobs& store, std::string scope)
        : store_(store), scope_(std::move(scope)), path_(store.temporary_ + "/" + uuid4()), digest_(EVP_MD_CTX_new()) {
      file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!file_) failed("open " + path_, errno);
      if (!digest_ || EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) != 1) {
        ::unlink(path_.c_str());
        throw std::runtime_error("openssl offers no sha256");
      }
    }
    ~Writer() override {
      if (!path_.empty()) ::unlink(path_.c_str());
    }

    void write(std::string_view piece) override {
      if (path_.empty()) throw ServiceError(ErrorKind::invalid, "blobs: write after finish");
      if (EVP_DigestUpdate(digest_.get(), piece.data(), piece.size()) != 1) throw std::runtime_error("sha256 failed");
      size_ += piece.size();
      while (!piece.empty()) {
        const ssize_t written = ::write(file_.get(), piece.data(), piece.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) failed("write", errno);
        piece.remove_prefix(static_cast<std::size_t>(written));
      }
    }

    Blob finish() override {
      if (path_.empty()) throw ServiceError(ErrorKind::invalid, "blobs: finish was called twice");
      unsigned char hash[32];
      unsigned int length = 0;
      if (EVP_DigestFinal_ex(digest_.get(), hash, &length) != 1) throw std::runtime_error("sha256 failed");
      if (::fsync(file_.get()) != 0) failed("fsync", errno);
      file_.reset();
      const std::string hex = text::hex({reinterpret_cast<const char*>(hash), sizeof hash});
      const BlobKey key{scope_, hex};
      const std::string target = store_.path(key);
      store_.ensure(store_.data_, store_.data_ + "/" + scope_);
      store_.ensure(store_.data_ + "/" + scope_, store_.directory(key));
      // Replacing an equal file is harmless, and leaves no moment in which a concurrent remove() takes away what we
      // promise.
      if (::rename(path_.c_str(), target.c_str()) != 0) failed("rename", errno);
      path_.clear();
      syncDirectory(store_.directory(key));
      return {scope_ + "/" + hex, hex, size_, nowMicros()};
    }

   private:
    FileBlobs& store_;
    const std::string scope_;
    std::string path_;
    UniqueFd file_;
    std::unique_ptr<EVP_MD_CTX, DigestDeleter> digest_;
    std::uint64_t size_ = 0;
  };

  // A directory below an existing one, whose name survives a power cut when this returns, whoever made it.
  void ensure(const std::string& parent, const std::string& path) {
    makeDirectory(path);
    {
      const std::lock_guard lock(syncedMutex_);
      if (synced_.contains(path)) return;
    }
    syncDirectory(parent);
    const std::lock_guard lock(syncedMutex_);
    synced_.insert(path);
  }

  std::string directory(const BlobKey& key) const {
    return data_ + "/" + std::string(key.scope) + "/" + std::string(key.hash.substr(0, 2));
  }
  std::string path(const BlobKey& key) const { return directory(key) + "/" + std::string(key.hash); }

  static Blob describe(std::string_view key, const struct stat& status) {
    Blob blob;
    blob.key = key;
    blob.sha256 = key.substr(key.find('/') + 1);
    blob.size = static_cast<std::uint64_t>(status.st_size);
    blob.storedAt = status.st_mtim.tv_sec * 1'000'000 + status.st_mtim.tv_nsec / 1000;
    return blob;
  }

  // Names of `length` bytes in a directory, sorted; none when there is no such directory.
  static std::vector<std::string> names(const std::string& path, std::size_t length) {
    std::vector<std::string> found;
    DIR* directory = ::opendir(path.c_str());
    if (!directory) {
      if (errno == ENOENT) return found;
      failed("open " + path, errno);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> closing(directory, ::closedir);
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if (name.size() == length && name.front() != '.') found.emplace_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  const std::string root_, data_, temporary_;
  std::mutex syncedMutex_;
  std::unordered_set<std::string> synced_;  // names known to be on disk
};

}  // namespace

std::unique_ptr<Blobs> openFileBlobs(std::string directory) {
  return std::make_unique<FileBlobs>(std::move(directory));
}

}  // namespace mortise::services
