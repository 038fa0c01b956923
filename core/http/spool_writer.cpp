#include "core/http/spool_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "core/base/file_source.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

Refusal explain(int reason, const char* what) {
  log::error(what, {{"reason", std::strerror(reason)}});
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) {
    return Refusal(507, "storage_full", "no room left for the request body");
  }
  return Refusal(500, "internal", "cannot store the request body");
}

}  // namespace

Refusal SpoolWriter::open(const std::string& directory) {
  fd_.reset(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd_ && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)) {
    std::string name = directory + "/mortise-XXXXXX";
    fd_.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (fd_) ::unlink(name.c_str());
  }
  size_ = 0;
  return fd_ ? Refusal() : explain(errno, "cannot create a temporary file");
}

Refusal SpoolWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_.get(), bytes.data(), bytes.size());
    if (done < 0) {
      if (errno == EINTR) continue;
      return explain(errno, "cannot write a temporary file");
    }
    size_ += static_cast<std::uint64_t>(done);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
  return Refusal();
}

std::shared_ptr<ByteSource> SpoolWriter::finish() {
  ::lseek(fd_.get(), 0, SEEK_SET);
  return std::make_shared<FileSource>(std::move(fd_), size_);
}

}  // namespace mortise::http
