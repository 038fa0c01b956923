// A large object sent in parts (Amazon S3 user guide, "Uploading and copying objects using multipart upload").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/services/s3/client.hpp"

namespace mortise::services::s3 {

class MultipartUpload {
 public:
  MultipartUpload(Client& client, const std::string& bucket, const std::string& key, ByteSource& source,
                  std::string_view contentType)
      : client_(client), bucket_(bucket), key_(key), source_(source), contentType_(contentType) {}
  // Sends and completes it; aborts an upload that fails.
  Stored run();

  static void abort(Client& client, const std::string& bucket, const std::string& key, const std::string& id);
  // When it received its last part, or else began; microseconds.
  static std::int64_t newestPart(Client& client, const std::string& bucket, const Upload& upload);
  // Bytes of one part, such that 10,000 suffice.
  static std::uint64_t partSizeFor(std::uint64_t size, std::uint64_t least);

 private:
  void sendParts();
  Stored complete();

  Client& client_;
  const std::string& bucket_;
  const std::string& key_;
  ByteSource& source_;
  const std::string contentType_;
  std::string id_;
  std::vector<std::string> etags_;  // of the parts, in order
};

}  // namespace mortise::services::s3
