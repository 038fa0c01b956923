#include "core/services/blobs/blob_scrub.hpp"

#include <fcntl.h>

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/base/sha256.hpp"

namespace mortise::services {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kPiece = 1 << 20;
constexpr auto kNap = std::chrono::milliseconds(100);

// Drops the file from the page cache: cached bytes say nothing about the disk, and these would evict pages in use.
void forget(const ByteSource& source) {
  if (source.fd() >= 0) ::posix_fadvise(source.fd(), 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace

BlobScrub::BlobScrub(Blobs& blobs, std::uint64_t bytesPerSecond, std::function<bool()> cancelled)
    : blobs_(blobs), rate_(bytesPerSecond), cancelled_(std::move(cancelled)), buffer_(kPiece) {}

ScrubbedScope BlobScrub::run(std::string_view scope, const std::function<void(const ScrubbedScope&)>& progressed) {
  ScrubbedScope result;
  std::string after;
  while (!result.cancelled) {
    const auto page = blobs_.list(scope, after, kPage);
    for (const Blob& blob : page) {
      result.cancelled = result.cancelled || cancelled_();
      if (result.cancelled) return result;
      check(blob.key, result);
    }
    if (page.size() < kPage) return result;
    after = page.back().key;
    progressed(result);
  }
  return result;
}

void BlobScrub::check(const std::string& key, ScrubbedScope& result) {
  const std::string_view expected = std::string_view(key).substr(key.find('/') + 1);
  try {
    const auto source = blobs_.openForReading(key);
    std::string digest = digestOf(*source, result);
    if (!digest.empty() && digest != expected) {
      // Reads again, because memory and cables fail, too, and a blob that is set aside is no longer served.
      const std::string again = digestOf(*source, result);
      if (again == expected) throw std::runtime_error("it was read wrongly once, and rightly the second time");
      digest = again;
    }
    if (digest.empty()) return;  // cancelled
    ++result.blobs;
    if (digest != expected && blobs_.setAside(key, *source)) result.damaged.push_back(key);
  } catch (const ServiceError& error) {
    if (error.kind() == ErrorKind::notFound) return;  // removed since it was listed
    ++result.blobs;
    result.unreadable.push_back({key, error.what()});
  } catch (const std::exception& error) {
    ++result.blobs;
    result.unreadable.push_back({key, error.what()});
  }
}

std::string BlobScrub::digestOf(ByteSource& source, ScrubbedScope& result) {
  forget(source);
  Sha256 digest;
  for (std::uint64_t offset = 0; offset < source.size();) {
    if (!holdBack()) {
      result.cancelled = true;
      return {};
    }
    const std::size_t count = source.read(offset, buffer_);
    if (count == 0) break;  // shorter than announced: the digest will differ
    digest.add({buffer_.data(), count});
    offset += count;
    read_ += count;
    result.bytes += count;
  }
  forget(source);
  return digest.hex();
}

// Waits until the rate allows the next piece. Returns false when cancelled.
bool BlobScrub::holdBack() {
  while (!cancelled_()) {
    if (rate_ == 0) return true;
    const auto due = began_ + std::chrono::microseconds(read_ / rate_ * 1'000'000 + read_ % rate_ * 1'000'000 / rate_);
    const auto now = std::chrono::steady_clock::now();
    if (due <= now) return true;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(due - now, kNap));
  }
  return false;
}

}  // namespace mortise::services
