#include "core/services/s3/object_source.hpp"

#include <algorithm>

namespace mortise::services::s3 {
namespace {

constexpr std::size_t kWindow = 1 << 20;

}  // namespace

std::size_t ObjectSource::fetch(std::uint64_t offset, std::span<char> buffer) {
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - offset));
  std::size_t done = 0;
  while (done < length) {
    const auto got = client_->get(bucket_, key_, etag_, offset + done, buffer.subspan(done, length - done));
    if (got == 0) throw ServiceError(ErrorKind::unavailable, "object store: the object is shorter than it was");
    done += got;
  }
  return done;
}

std::size_t ObjectSource::read(std::uint64_t offset, std::span<char> buffer) {
  if (offset >= size_ || buffer.empty()) return 0;
  if (buffer.size() >= kWindow) return fetch(offset, buffer);
  const std::lock_guard lock(mutex_);
  std::size_t done = 0;
  while (done < buffer.size() && offset + done < size_) {
    const auto at = offset + done;
    if (at < windowAt_ || at >= windowAt_ + window_.size()) {
      std::string window(static_cast<std::size_t>(std::min<std::uint64_t>(kWindow, size_ - at)), '\0');
      fetch(at, window);
      window_ = std::move(window);
      windowAt_ = at;
    }
    done += window_.copy(buffer.data() + done, buffer.size() - done, static_cast<std::size_t>(at - windowAt_));
  }
  return done;
}

}  // namespace mortise::services::s3
