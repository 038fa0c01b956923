#include "disk/disk_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <mortise/problem.hpp>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace skills::disk {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr const char* kNewSuffix = ".new";

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

// Folders of a path up to its last segment, which is left in `path`. Nothing: one of them is not there.
template <class Open>
std::optional<Descriptor> descend(int directory, std::string_view& path, Open&& open) {
  Descriptor here(::fcntl(directory, F_DUPFD_CLOEXEC, 0));
  if (!here) failed("dup", errno);
  for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    std::optional<Descriptor> next = open(here.get(), std::string(path.substr(0, slash)));
    if (!next) return std::nullopt;
    here = *std::move(next);
    path.remove_prefix(slash + 1);
  }
  return here;
}

void writeAll(int file, const std::string& name, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) failed("write " + name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void writeSynced(int directory, const std::string& name, int flags, std::string_view bytes) {
  const Descriptor file(
      ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, kFileMode));
  if (!file) failed("make " + name, errno);
  writeAll(file.get(), name, bytes);
  if (::fsync(file.get()) != 0) failed("sync " + name, errno);
}

bool isFolder(int directory, const std::string& name) {
  struct stat status {};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

void failed(std::string_view what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw mortise::Problem(full ? 507 : 500, full ? "storage_full" : "internal")
      .note("skills: " + std::string(what) + ": " + std::strerror(error));
}

std::optional<Descriptor> openDirectory(int parent, const std::string& name) {
  Descriptor directory(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (directory) return directory;
  if (errno == ENOENT) return std::nullopt;
  failed("open " + name, errno);
}

Descriptor ensureDirectory(int parent, const std::string& name) {
  if (::mkdirat(parent, name.c_str(), kFolderMode) != 0 && errno != EEXIST) failed("make " + name, errno);
  auto directory = openDirectory(parent, name);
  if (!directory) failed("open " + name, ENOENT);
  return *std::move(directory);
}

Descriptor ensureFolderOf(int directory, std::string_view path, std::string& name) {
  auto folder = descend(directory, path, [](int parent, const std::string& segment) {
    return std::optional<Descriptor>(ensureDirectory(parent, segment));
  });
  name = std::string(path);
  return *std::move(folder);
}

std::optional<std::string> read(int directory, const std::string& name, std::size_t most) {
  // O_NONBLOCK: a FIFO must not hold us.
  const Descriptor file(::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    throw std::runtime_error(name + ": " + std::strerror(errno));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw std::runtime_error(name + ": " + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw std::runtime_error(name + " is no plain file");
  if (static_cast<std::uint64_t>(status.st_size) > most)
    throw std::runtime_error(name + " has more than " + std::to_string(most) + " bytes");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::runtime_error(name + ": " + std::strerror(errno));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

std::optional<std::string> readPath(int directory, std::string_view path, std::size_t most) {
  const auto folder = descend(directory, path, openDirectory);
  return folder ? read(folder->get(), std::string(path), most) : std::nullopt;
}

void writeNew(int directory, const std::string& name, std::string_view bytes) {
  writeSynced(directory, name, O_EXCL, bytes);
}

void replace(int directory, const std::string& name, std::string_view bytes) {
  const auto newName = name + kNewSuffix;
  writeSynced(directory, newName, O_TRUNC, bytes);
  if (::renameat(directory, newName.c_str(), directory, name.c_str()) != 0) failed("rename " + newName, errno);
  sync(directory);
}

void sync(int directory) {
  if (::fsync(directory) != 0) failed("sync a directory", errno);
}

void syncFolders(int directory) {
  for (const auto& name : names(directory)) {
    if (!isFolder(directory, name)) continue;
    if (const auto folder = openDirectory(directory, name)) syncFolders(folder->get());
  }
  sync(directory);
}

void removeTree(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) failed("remove " + name, errno);
  if (const auto folder = openDirectory(parent, name)) {
    for (const auto& inside : names(folder->get())) removeTree(folder->get(), inside);
  }
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) failed("remove " + name, errno);
}

std::vector<std::string> names(int directory) {
  // A descriptor of its own: reading a directory moves the position, which others may share.
  const int fd = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) failed("open a directory", errno);
  const std::unique_ptr<DIR, CloseDirectory> listing(::fdopendir(fd));
  if (!listing) {
    const int error = errno;
    ::close(fd);
    failed("list a directory", error);
  }
  std::vector<std::string> out;
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(listing.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") out.emplace_back(name);
  }
  if (errno != 0) failed("list a directory", errno);
  return out;
}

}  // namespace skills::disk
