// Writes into an unlinked temporary file that vanishes with its last descriptor.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"
#include "core/http/message.hpp"
#include "core/http/refusal.hpp"

namespace mortise::http {

class SpoolWriter {
 public:
  // 507 storage_full or 500 internal when the directory does not take the file.
  Refusal open(const std::string& directory);
  Refusal write(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  std::shared_ptr<ByteSource> finish();  // rewound; the writer is empty afterwards

 private:
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace mortise::http
