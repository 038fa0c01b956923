// One file as it is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace files {

struct StoredFile {
  std::string id;                      // UUID, version 7: newer ones sort behind
  std::optional<std::string> ownerId;  // none: nobody's
  std::string filename;
  std::string extension;                // with its dot, or empty
  std::string key;                      // YYYY/MM/DD/<uuid><extension>
  std::optional<std::string> filepath;  // set by another module; none: the file's own address
  std::string mimeType;                 // as the client named it, or empty
  std::string detectedType;
  std::int64_t size = 0;
  std::string sha256;
  std::string blobKey;
  std::int64_t createdAt = 0;

  // What a download says it is.
  const std::string& contentType() const { return mimeType.empty() ? detectedType : mimeType; }
};

}  // namespace files
