#include "archives/gzip_source.hpp"

#include <mortise/problem.hpp>

#include <new>
#include <utility>

namespace session_sharing {
namespace {

constexpr std::size_t kRead = std::size_t{512} << 10;  // a request each, where the blobs lie in a bucket
constexpr std::size_t kPiece = std::size_t{128} << 10;
constexpr int kGzipOnly = 15 + 16;  // the largest window, and a gzip header

mortise::Problem unreadable(const char* note) { return mortise::Problem(400, "archive_unreadable").note(note); }

}  // namespace

GzipSource::GzipSource(ArchiveBytes bytes) : bytes_(std::move(bytes)), in_(kRead), out_(kPiece) {
  if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
}

GzipSource::~GzipSource() { inflateEnd(&stream_); }

bool GzipSource::fill() {
  if (stream_.avail_in > 0) return true;
  const auto got = bytes_(offset_, in_.data(), in_.size());
  offset_ += got;
  stream_.next_in = reinterpret_cast<Bytef*>(in_.data());
  stream_.avail_in = static_cast<uInt>(got);
  return got > 0;
}

// Behind a gzip member: another one, or nothing but zeros, with which some writers fill a block.
void GzipSource::endMember() {
  inMember_ = false;
  if (!fill()) {
    ended_ = true;
    return;
  }
  if (*stream_.next_in != 0) {
    if (inflateReset(&stream_) != Z_OK) throw unreadable("zlib can't begin another member");
    return;
  }
  while (fill()) {
    for (; stream_.avail_in > 0; --stream_.avail_in, ++stream_.next_in) {
      if (*stream_.next_in != 0) throw unreadable("bytes follow the gzip file");
    }
  }
  ended_ = true;
}

std::string_view GzipSource::next(const std::function<void()>& cancelled) {
  while (!ended_) {
    cancelled();
    if (!fill()) throw unreadable(inMember_ || offset_ > 0 ? "the gzip file is cut short" : "the file is empty");
    inMember_ = true;
    stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    const int step = inflate(&stream_, Z_NO_FLUSH);
    if (step != Z_OK && step != Z_STREAM_END && step != Z_BUF_ERROR)
      throw unreadable(stream_.msg ? stream_.msg : "no gzip");
    const auto size = out_.size() - stream_.avail_out;
    if (step == Z_STREAM_END) endMember();
    if (size == 0) continue;
    unpacked_ += size;
    return {out_.data(), size};
  }
  return {};
}

}  // namespace session_sharing
