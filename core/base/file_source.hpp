// A regular file of this machine, readable by its descriptor.
#pragma once

#include <string>
#include <utility>

#include "core/base/byte_source.hpp"
#include "core/base/unique_fd.hpp"

namespace mortise {

class FileSource final : public ByteSource {
 public:
  // Takes ownership of `file`, which is open for reading; reads do not move its offset. `size`: what fstat() says now.
  // `sha256`: of its bytes if it is known, else empty.
  FileSource(UniqueFd file, std::uint64_t size, std::string sha256 = {})
      : file_(std::move(file)), size_(size), sha256_(std::move(sha256)) {}
  // Asks the file for its size. std::system_error when it can't be looked at or is no regular file.
  explicit FileSource(UniqueFd file);

  std::uint64_t size() const override { return size_; }
  int fd() const override { return file_.get(); }
  std::string_view sha256() const override { return sha256_; }
  // Throws std::system_error when the disk fails. Bytes behind size() are read as well when the file has grown.
  std::size_t read(std::uint64_t offset, std::span<char> buffer) override;

 private:
  const UniqueFd file_;
  const std::uint64_t size_;
  const std::string sha256_;
};

}  // namespace mortise
