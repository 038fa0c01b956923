// Bytes that can be read at any offset: a file of this machine, or an object of a remote store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mortise {

// Thread-safe. Stays readable when the file or object that it was opened from is removed.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual std::uint64_t size() const = 0;
  // For pread and sendfile, owned by this object; -1: the bytes are not on this machine, read() is the only way.
  virtual int fd() const { return -1; }
  // SHA-256 of all bytes in lower-case hex, if it was computed while they were written; else empty.
  virtual std::string_view sha256() const { return {}; }
  // Fills `buffer` from `offset` on; returns less than asked only at the end. Blocks: workers only. Throws what the
  // store throws (services::ServiceError).
  virtual std::size_t read(std::uint64_t offset, std::span<char> buffer) = 0;
};

}  // namespace mortise
