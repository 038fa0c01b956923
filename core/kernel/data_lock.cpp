#include "core/kernel/data_lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/base/unique_fd.hpp"
#include "core/kernel/start_error.hpp"

namespace mortise::kernel {
namespace {

std::string lockFile(const std::string& directory) { return directory + "/mortise.lock"; }

}  // namespace

DataLock::DataLock(const std::string& directory) {
  const auto path = lockFile(directory);
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) throw StartError({"can't open " + path + ": " + std::strerror(errno)});
  struct flock lock {};
  lock.l_type = F_WRLCK;
  if (::fcntl(fd_, F_OFD_SETLK, &lock) == 0) return;
  ::close(fd_);
  throw StartError(
      {"a server already uses data.dir " + directory + "; stop it, or name another directory (--data.dir=...)"});
}

bool DataLock::isHeld(const std::string& directory) {
  const UniqueFd file(::open(lockFile(directory).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return false;
  if (!file) throw StartError({"can't open " + lockFile(directory) + ": " + std::strerror(errno)});
  struct flock lock {};
  lock.l_type = F_WRLCK;
  return ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

DataLock::~DataLock() { ::close(fd_); }

}  // namespace mortise::kernel
