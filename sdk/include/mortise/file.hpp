// Bytes on disk: an uploaded part or body, or a blob opened for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "mortise/abi/call.h"
#include "mortise/problem.hpp"

namespace mortise::inline sdk1 {

// Move-only. An uploaded file lives as long as its call, whatever becomes of this object; a blob is closed with it.
class File {
 public:
  using Close = void (*)(mortise_file* file);
  File(const mortise_call_v1* table, mortise_file* file, Close close = nullptr) noexcept
      : table_(table), file_(file), close_(close) {}
  File(File&& other) noexcept
      : table_(other.table_), file_(std::exchange(other.file_, nullptr)), close_(other.close_) {}
  File& operator=(File&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(file_, other.file_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~File() {
    if (file_ != nullptr && close_ != nullptr) close_(file_);
  }

  std::uint64_t size() const noexcept { return table_->file_size(file_); }  // [any]

  // Reads at most `size` bytes at `offset`; returns how many, 0 at the end. Throws std::runtime_error when the disk
  // fails. [worker]
  std::size_t read(std::uint64_t offset, char* buffer, std::size_t size) const {
    const auto count = table_->file_read(file_, offset, buffer, size);
    if (count < 0)
      throw std::runtime_error("cannot read " + std::to_string(size) + " bytes of a file at " + std::to_string(offset));
    return static_cast<std::size_t>(count);
  }
  // The whole file. Throws Problem 413 "payload_too_large" when it has more than `limit` bytes. [worker]
  std::string readAll(std::uint64_t limit) const {
    if (size() > limit) throw Problem(413, "payload_too_large").with("limit", limit);
    std::string bytes(static_cast<std::size_t>(size()), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const auto count = read(done, bytes.data() + done, bytes.size() - done);
      if (count == 0) break;
      done += count;
    }
    bytes.resize(done);
    return bytes;
  }

  mortise_file* get() const noexcept { return file_; }
  // Gives the file away: the code that takes it closes it, with the function that its interface has for that.
  [[nodiscard]] mortise_file* release() noexcept { return std::exchange(file_, nullptr); }

 private:
  const mortise_call_v1* table_;
  mortise_file* file_;
  Close close_;
};

}  // namespace mortise::inline sdk1
