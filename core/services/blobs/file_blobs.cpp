#include "core/services/blobs/file_blobs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/sha256.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/unique_fd.hpp"
#include "core/services/blobs/blob_key.hpp"

namespace mortise::services {
namespace {

ErrorKind kindOf(int number) {
  return number == ENOSPC || number == EDQUOT || number == EFBIG ? ErrorKind::full : ErrorKind::unavailable;
}

[[noreturn]] void failed(const std::string& what, int number) {
  throw ServiceError(kindOf(number), "blobs: " + what + ": " + std::strerror(number));
}

// Converts an exception of the temporary file to the store's ServiceError.
template <typename Work>
auto onDisk(Work work) {
  try {
    return work();
  } catch (const std::system_error& error) {
    throw ServiceError(kindOf(error.code().value()), std::string("blobs: ") + error.what());
  }
}

void syncDirectory(const std::string& path) {
  const UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) failed("open " + path, errno);
  if (::fsync(directory.get()) != 0) failed("fsync " + path, errno);
}

void makeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) failed("mkdir " + path, errno);
}

// A new file has no name (or is DIR/tmp/<uuid>) while it is written; then DIR/data/<scope>/<first two of the
// hash>/<hash>. Damaged ones: DIR/damaged/<scope>/<hash>.<microseconds>.
class FileBlobs final : public Blobs {
 public:
  explicit FileBlobs(std::string root)
      : root_(std::move(root)), data_(root_ + "/data"), temporary_(root_ + "/tmp"), damaged_(root_ + "/damaged") {
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

  Blob put(std::string_view scope, ByteSource& source) override {
    checkBlobScope(scope);
    const std::string hash(source.sha256());
    if (source.fd() < 0 || hash.empty()) return Blobs::put(scope, source);
    const BlobKey key{scope, hash};
    makeRoom(key);
    if (::fsync(source.fd()) != 0) failed("fsync", errno);
    bool named = false;
    {
      const std::lock_guard lock(naming_);
      named = onDisk([&] { return nameFile(source.fd(), path(key), temporary_); });
    }
    return named ? stored(key, source.size()) : Blobs::put(scope, source);
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
    std::vector<Blob> blobs;
    for (const std::string& shard : names(data_ + "/" + std::string(scope), 2)) {
      if (!afterHash.empty() && shard < afterHash.substr(0, 2)) continue;
      for (const std::string& hash : names(data_ + "/" + std::string(scope) + "/" + shard, 64)) {
        if (hash <= afterHash) continue;
        if (blobs.size() >= limit) return blobs;
        if (auto blob = stat(std::string(scope) + "/" + hash)) blobs.push_back(std::move(*blob));
      }
    }
    return blobs;
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

  std::vector<std::string> scopes() override {
    std::vector<std::string> scopes;
    for (std::string& name : names(data_)) {
      if (isBlobScope(name)) scopes.push_back(std::move(name));
    }
    return scopes;
  }

  bool setAside(std::string_view key, ByteSource& seen) override {
    const BlobKey parsed = parseBlobKey(key);
    const std::string folder = damaged_ + "/" + std::string(parsed.scope);
    ensure(root_, damaged_);
    ensure(damaged_, folder);
    {
      // Excludes a put that gives its file this name: only the file that was read may be moved.
      const std::lock_guard lock(naming_);
      struct stat now {};
      struct stat then {};
      if (::fstat(seen.fd(), &then) != 0) failed("look at " + std::string(key), errno);
      if (::stat(path(parsed).c_str(), &now) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return false;
        failed("look at " + std::string(key), errno);
      }
      if (now.st_ino != then.st_ino || now.st_dev != then.st_dev) return false;
      const std::string target = folder + "/" + std::string(parsed.hash) + "." + std::to_string(nowMicros());
      if (::rename(path(parsed).c_str(), target.c_str()) != 0) failed("rename to " + target, errno);
    }
    syncDirectory(folder);
    syncDirectory(directory(parsed));
    return true;
  }

  std::size_t countSetAside() override {
    std::size_t count = 0;
    for (const std::string& scope : names(damaged_)) count += names(damaged_ + "/" + scope).size();
    return count;
  }

 private:
  class Writer final : public BlobWriter {
   public:
    Writer(FileBlobs& store, std::string scope)
        : store_(store),
          scope_(std::move(scope)),
          file_(onDisk([&] { return std::make_unique<TemporaryFile>(store.temporary_); })) {}

    void write(std::string_view piece) override {
      if (!file_) throw ServiceError(ErrorKind::invalid, "blobs: write after finish");
      digest_.add(piece);
      onDisk([&] { file_->write(piece); });
    }

    Blob finish() override {
      if (!file_) throw ServiceError(ErrorKind::invalid, "blobs: finish was called twice");
      const std::uint64_t size = file_->size();
      const std::string hash = digest_.hex();
      const BlobKey key{scope_, hash};
      store_.makeRoom(key);
      onDisk([&] { file_->sync(); });
      {
        const std::lock_guard lock(store_.naming_);
        onDisk([&] { file_->keepAs(store_.path(key)); });
      }
      file_.reset();
      return store_.stored(key, size);
    }

   private:
    FileBlobs& store_;
    const std::string scope_;
    std::unique_ptr<TemporaryFile> file_;
    Sha256 digest_;
  };

  void makeRoom(const BlobKey& key) {
    ensure(data_, data_ + "/" + std::string(key.scope));
    ensure(data_ + "/" + std::string(key.scope), directory(key));
  }

  // Gives the file its name, durable on return. Replacing an equal file is harmless and never lets a concurrent
  // remove() delete the blob that this call promises.
  Blob stored(const BlobKey& key, std::uint64_t size) {
    syncDirectory(directory(key));
    return {std::string(key.scope) + "/" + std::string(key.hash), std::string(key.hash), size, nowMicros()};
  }

  // Creates a directory below an existing one; its name survives a power cut on return, whether or not this call
  // created it.
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

  // Names of `length` bytes (0: any) in a directory, sorted, without hidden ones; empty when there is no such
  // directory.
  static std::vector<std::string> names(const std::string& path, std::size_t length = 0) {
    std::vector<std::string> list;
    DIR* directory = ::opendir(path.c_str());
    if (!directory) {
      if (errno == ENOENT) return list;
      failed("open " + path, errno);
    }
    const std::unique_ptr<DIR, int (*)(DIR*)> closing(directory, ::closedir);
    while (const dirent* entry = ::readdir(directory)) {
      const std::string_view name = entry->d_name;
      if ((length == 0 || name.size() == length) && name.front() != '.') list.emplace_back(name);
    }
    std::sort(list.begin(), list.end());
    return list;
  }

  const std::string root_, data_, temporary_, damaged_;
  std::mutex naming_;
  std::mutex syncedMutex_;
  std::unordered_set<std::string> synced_;  // names known to be on disk
};

}  // namespace

std::unique_ptr<Blobs> openFileBlobs(std::string directory) {
  return std::make_unique<FileBlobs>(std::move(directory));
}

}  // namespace mortise::services
