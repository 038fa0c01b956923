#include "core/base/temporary_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "core/base/identifiers.hpp"

namespace mortise {
namespace {

constexpr std::uint64_t kWriteBack =
    8 << 20;  // write-back starts in steps of this size; the sync at the end writes the rest
constexpr std::uint64_t kUnwritten = 4 * kWriteBack;

[[noreturn]] void failed(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

bool hasNoUnnamedFiles(int reason) {
  return reason == EOPNOTSUPP || reason == EISDIR || reason == ENOENT || reason == EINVAL;
}

}  // namespace

TemporaryFile::TemporaryFile(std::string directory)
    : directory_(std::move(directory)), fd_(::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
  if (!fd_ && hasNoUnnamedFiles(errno)) {
    name_ = directory_ + "/" + uuid4();
    fd_.reset(::open(name_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  }
  if (!fd_) {
    const int reason = errno;
    name_.clear();
    errno = reason;
    failed("open a file in " + directory_);
  }
}

TemporaryFile::~TemporaryFile() {
  if (!name_.empty()) ::unlink(name_.c_str());
}

void TemporaryFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_.get(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) failed("write");
    size_ += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  if (size_ - started_ >= kWriteBack) startWriteBack();
}

// A hint only: the sync at the end reports what could not be written.
void TemporaryFile::startWriteBack() {
  const auto offset = static_cast<off64_t>(started_);
  ::sync_file_range(fd_.get(), offset, static_cast<off64_t>(size_ - started_), SYNC_FILE_RANGE_WRITE);
  started_ = size_;
  if (size_ <= waited_ + kUnwritten) return;
  const std::uint64_t until = size_ - kUnwritten;
  ::sync_file_range(fd_.get(), static_cast<off64_t>(waited_), static_cast<off64_t>(until - waited_),
                    SYNC_FILE_RANGE_WAIT_BEFORE);
  waited_ = until;
}

void TemporaryFile::sync() {
  if (::fsync(fd_.get()) != 0) failed("fsync");
}

void TemporaryFile::keepAs(const std::string& target) {
  if (!name_.empty()) {
    if (::rename(name_.c_str(), target.c_str()) != 0) failed("rename to " + target);
    name_.clear();
  } else if (!nameFile(fd_.get(), target, directory_)) {
    errno = EXDEV;
    failed("link " + target);
  }
  fd_.reset();
}

UniqueFd TemporaryFile::release() {
  if (!name_.empty()) ::unlink(name_.c_str());
  name_.clear();
  return std::move(fd_);
}

namespace {

// Links a file without a name. ENOENT: it had a name and lost it, or /proc is not mounted; the caller guarantees the
// target's directory.
enum class Linked { done, exists, impossible };
Linked linkUnnamed(const char* self, const std::string& target) {
  if (::linkat(AT_FDCWD, self, AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW) == 0) return Linked::done;
  if (errno == EXDEV || errno == ENOENT || errno == EPERM || errno == EOPNOTSUPP) return Linked::impossible;
  if (errno != EEXIST) failed("link " + target);
  return Linked::exists;
}

}  // namespace

bool nameFile(int fd, const std::string& target, const std::string& scratch) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) failed("look at a file");
  if (facts.st_nlink != 0) return false;
  char self[32];
  std::snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  const auto linked = linkUnnamed(self, target);
  if (linked != Linked::exists) return linked == Linked::done;
  const std::string between = scratch + "/" + uuid4();
  // The target's name was seen first: whether the file can have one shows only now.
  if (linkUnnamed(self, between) != Linked::done) return false;
  if (::rename(between.c_str(), target.c_str()) != 0) {
    const int reason = errno;
    ::unlink(between.c_str());
    errno = reason;
    failed("rename to " + target);
  }
  return true;
}

}  // namespace mortise
