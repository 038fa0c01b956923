#include "core/base/file_source.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mortise {
namespace {

std::uint64_t sizeOf(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) throw std::system_error(errno, std::generic_category(), "fstat");
  if (!S_ISREG(facts.st_mode)) throw std::system_error(EINVAL, std::generic_category(), "not a regular file");
  return static_cast<std::uint64_t>(facts.st_size);
}

}  // namespace

FileSource::FileSource(UniqueFd file) : file_(std::move(file)), size_(sizeOf(file_.get())) {}

std::size_t FileSource::read(std::uint64_t offset, std::span<char> buffer) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const auto got =
        ::pread(file_.get(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw std::system_error(errno, std::generic_category(), "can't read the file");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace mortise
