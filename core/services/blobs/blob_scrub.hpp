// Reads blobs and compares their content with their names.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/blobs/blobs.hpp"

namespace mortise::services {

struct ScrubbedScope {
  struct Unreadable {
    std::string key;
    std::string reason;
  };
  std::uint64_t blobs = 0;  // blobs read
  std::uint64_t bytes = 0;
  std::vector<std::string> damaged;  // keys; set aside
  std::vector<Unreadable> unreadable;
  bool cancelled = false;
};

// One pass. Not thread-safe; blocks.
class BlobScrub {
 public:
  // `bytesPerSecond`: 0 = no limit. `cancelled` is called several times a second.
  BlobScrub(Blobs& blobs, std::uint64_t bytesPerSecond, std::function<bool()> cancelled);

  // `progressed` is called after each page of blobs. Throws ServiceError when the scope can't be listed.
  ScrubbedScope run(std::string_view scope, const std::function<void(const ScrubbedScope&)>& progressed);

 private:
  void check(const std::string& key, ScrubbedScope& result);
  // SHA-256 of the source's bytes; empty when cancelled.
  std::string digestOf(ByteSource& source, ScrubbedScope& result);
  bool holdBack();

  Blobs& blobs_;
  const std::uint64_t rate_;
  const std::function<bool()> cancelled_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::uint64_t read_ = 0;
  std::vector<char> buffer_;
};

}  // namespace mortise::services
