// File operations. The mounts of the box are the border: links are followed inside it, but never those of /proc, which
// lead to what other processes have open.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper.hpp"

namespace agent::sandbox::helper {
namespace {

constexpr int kOutput = 3;
constexpr int kInput = 3;
constexpr int kMaxLevels = 64;
constexpr int kMaxEntries = 500000;

bool inProc(int fd) {
  struct statfs info {};
  return fstatfs(fd, &info) != 0 || info.f_type == PROC_SUPER_MAGIC;
}

int openPath(const char* path, int flags) {
  open_how how{};
  if ((flags & O_PATH) == 0) flags |= O_NONBLOCK | O_NOCTTY;  // a FIFO or terminal neither waits nor takes over
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? 0644 : 0;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const auto fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  if (fd >= 0 || errno != ENOSYS) return static_cast<int>(fd);
  return open(path, flags | O_CLOEXEC, 0644);
}

// 0, or why this is no file to work with.
int checkRegular(int fd, struct stat& info) {
  if (fstat(fd, &info) != 0) return errno;
  if (S_ISDIR(info.st_mode)) return EISDIR;
  if (!S_ISREG(info.st_mode)) return EINVAL;
  return inProc(fd) ? EACCES : 0;
}

bool writeAll(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto written = write(fd, bytes, size);
    if (written < 0) return false;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

int readFile(const char* path, std::uint64_t offset, std::uint64_t most) {
  const int fd = openPath(path, O_RDONLY);
  if (fd < 0) return errno;
  struct stat info {};
  if (const int error = checkRegular(fd, info)) return error;
  char buffer[32768];
  wire::putU64(buffer, static_cast<std::uint64_t>(info.st_size));
  if (!writeAll(kOutput, buffer, 8)) return errno;
  if (offset > 0 && lseek(fd, static_cast<off_t>(offset), SEEK_SET) < 0) return errno;
  while (most > 0) {
    const auto size = read(fd, buffer, most < sizeof buffer ? most : sizeof buffer);
    if (size < 0) return errno;
    if (size == 0) break;
    if (!writeAll(kOutput, buffer, static_cast<std::size_t>(size))) return errno;
    most -= static_cast<std::uint64_t>(size);
  }
  return 0;
}

int makeParents(char* path) {
  for (char* at = path + 1; (at = strchr(at, '/')) != nullptr; ++at) {
    *at = '\0';
    const int failed = mkdir(path, 0755) != 0 && errno != EEXIST ? errno : 0;
    *at = '/';
    if (failed != 0) return failed;
  }
  return 0;
}

int writeFile(char* path, bool append) {
  const int flags = O_WRONLY | O_CREAT | (append ? O_APPEND : 0);
  int fd = openPath(path, flags);
  if (fd < 0 && errno == ENOENT) {
    if (const int error = makeParents(path)) return error;
    fd = openPath(path, flags);
  }
  if (fd < 0) return errno == ENXIO ? EINVAL : errno;
  struct stat info {};
  if (const int error = checkRegular(fd, info)) return error;
  if (!append && ftruncate(fd, 0) != 0) return errno;
  char buffer[32768];
  for (;;) {
    const auto size = read(kInput, buffer, sizeof buffer);
    if (size < 0) return errno;
    if (size == 0) return close(fd) == 0 ? 0 : errno;
    if (!writeAll(fd, buffer, static_cast<std::size_t>(size))) return errno;
  }
}

int statFile(const char* path) {
  const int fd = openPath(path, O_PATH);
  if (fd < 0) return errno;
  struct stat info {};
  if (fstat(fd, &info) != 0) return errno;
  char out[9];
  out[0] = S_ISREG(info.st_mode) ? 'f' : S_ISDIR(info.st_mode) ? 'd' : 'o';
  wire::putU64(out + 1, static_cast<std::uint64_t>(info.st_size));
  return writeAll(kOutput, out, sizeof out) ? 0 : errno;
}

class Walk {
 public:
  int run(const char* root, int levels) {
    const int fd = openPath(root, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return errno;
    enter(fd, 0, levels);
    return flush() ? 0 : EPIPE;
  }

 private:
  // What can't be read is left out, as a shell would.
  bool enter(int fd, std::size_t length, int levels) {
    DIR* const directory = levels > 0 && !inProc(fd) ? fdopendir(fd) : nullptr;
    if (directory == nullptr) {
      close(fd);
      return true;
    }
    bool good = true;
    while (good) {
      const dirent* const entry = readdir(directory);
      if (entry == nullptr) break;
      const std::size_t size = strlen(entry->d_name);
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      if (length + size + 1 > sizeof path_) continue;
      memcpy(path_ + length, entry->d_name, size);
      char kind = entry->d_type == DT_DIR ? 'd' : entry->d_type == DT_REG ? 'f' : 'o';
      if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
        struct stat info {};
        if (fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode))
          kind = 'd';
      }
      good = ++entries_ <= kMaxEntries && add(kind, length + size);
      if (!good || kind != 'd') continue;
      const int below = openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (below < 0) continue;
      path_[length + size] = '/';
      good = enter(below, length + size + 1, levels - 1);
    }
    closedir(directory);
    return good;
  }
  bool add(char kind, std::size_t length) {
    if (used_ + length + 2 > sizeof buffer_ && !flush()) return false;
    buffer_[used_++] = kind;
    memcpy(buffer_ + used_, path_, length);
    used_ += length;
    buffer_[used_++] = '\0';
    return true;
  }
  bool flush() {
    const auto size = used_;
    used_ = 0;
    return writeAll(kOutput, buffer_, size);
  }

  char path_[wire::kMaxPath + 1];
  char buffer_[32768];
  std::size_t used_ = 0;
  int entries_ = 0;
};

Walk g_walk;

int perform(const wire::FileRequest& request) {
  char path[wire::kMaxPath + 1];
  memcpy(path, request.path.data, request.path.size);
  path[request.path.size] = '\0';
  switch (request.operation) {
    case wire::FileOperation::read:
      return readFile(path, request.offset, request.most);
    case wire::FileOperation::write:
      return writeFile(path, false);
    case wire::FileOperation::append:
      return writeFile(path, true);
    case wire::FileOperation::stat:
      return statFile(path);
    case wire::FileOperation::remove:
      return unlink(path) == 0 ? 0 : errno;
    case wire::FileOperation::walk:
      return g_walk.run(path, request.most < kMaxLevels ? static_cast<int>(request.most) : kMaxLevels);
  }
  return EINVAL;
}

bool takesInput(wire::FileOperation operation) {
  return operation == wire::FileOperation::write || operation == wire::FileOperation::append;
}

}  // namespace

int startFile(const wire::FileRequest& request, FileStart& started) {
  int pair[2] = {-1, -1};
  if (pipe2(pair, O_CLOEXEC) != 0) return errno;
  const bool input = takesInput(request.operation);
  const int ours = input ? pair[1] : pair[0];
  const int theirs = input ? pair[0] : pair[1];
  started.worker = fork();
  if (started.worker == 0) {
    keepDescriptors(&theirs, 1);
    signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error of write()
    _exit(perform(request));
  }
  const int error = started.worker < 0 ? errno : 0;
  close(theirs);
  if (error != 0) {
    close(ours);
    return error;
  }
  fcntl(ours, F_SETFL, O_NONBLOCK);
  (input ? started.input : started.output) = ours;
  return 0;
}

}  // namespace agent::sandbox::helper
