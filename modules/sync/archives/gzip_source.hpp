// The bytes that a gzip file unpacks to, in order and in pieces. The file is checked as it passes: its checksums, and
// what may follow it.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

// Reads at most `size` bytes at `offset` into `buffer`; returns how many, 0 at the end. [the reader's thread]
using ArchiveBytes = std::function<std::size_t(std::uint64_t offset, char* buffer, std::size_t size)>;

// Takes the same memory however large the file is. One thread at a time. Problem 400 archive_unreadable: no gzip, cut
// short, a wrong checksum, or other bytes than zeros behind the last gzip member (one may follow another).
class GzipSource {
 public:
  explicit GzipSource(ArchiveBytes bytes);
  ~GzipSource();
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  // The next piece; empty at the end. It lives until the next call. One call may read much and unpack nothing (a file
  // of empty gzip members), so `cancelled` is called for each piece read; what it throws ends the reading.
  std::string_view next(const std::function<void()>& cancelled);

  std::uint64_t unpacked() const { return unpacked_; }  // bytes given so far

 private:
  bool fill();  // false: the file has no more
  void endMember();

  ArchiveBytes bytes_;
  std::vector<char> in_;
  std::vector<char> out_;
  std::uint64_t offset_ = 0;
  std::uint64_t unpacked_ = 0;
  bool inMember_ = false;
  bool ended_ = false;
  z_stream stream_{};
};

}  // namespace session_sharing
