// An object of a store as a ByteSource: ranged GETs of the version that existed when it was opened.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/services/s3/client.hpp"

namespace mortise::services::s3 {

// Small reads are served from a window of 1 MiB that is fetched at once; larger ones go to the store directly. Reading
// an object that was removed or replaced meanwhile throws ServiceError.
class ObjectSource final : public ByteSource {
 public:
  ObjectSource(std::shared_ptr<Client> client, std::string bucket, std::string key, const Stored& stored)
      : client_(std::move(client)),
        bucket_(std::move(bucket)),
        key_(std::move(key)),
        etag_(stored.etag),
        size_(stored.size) {}

  std::uint64_t size() const override { return size_; }
  const std::string& etag() const { return etag_; }
  std::size_t read(std::uint64_t offset, std::span<char> buffer) override;

 private:
  // As much as `buffer` holds, or up to the end.
  std::size_t fetch(std::uint64_t offset, std::span<char> buffer);

  const std::shared_ptr<Client> client_;
  const std::string bucket_, key_, etag_;
  const std::uint64_t size_;
  std::mutex mutex_;
  std::string window_;
  std::uint64_t windowAt_ = 0;
};

}  // namespace mortise::services::s3
