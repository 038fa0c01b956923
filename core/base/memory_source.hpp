// A ByteSource over bytes in memory that another object owns.
#pragma once

#include <string_view>

#include "core/base/byte_source.hpp"

namespace mortise {

class MemorySource final : public ByteSource {
 public:
  // `bytes` must outlive this object.
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) override {
    if (offset >= bytes_.size()) return 0;
    return bytes_.copy(buffer.data(), buffer.size(), static_cast<std::size_t>(offset));
  }

 private:
  const std::string_view bytes_;
};

}  // namespace mortise
