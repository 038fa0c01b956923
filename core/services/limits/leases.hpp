// The leases of concurrent buckets in this process. There are as many as open requests, so they need no bound of their
// own, and a flood of other keys can't evict them.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/services/limits/bucket.hpp"
#include "core/services/limits/limits.hpp"

namespace mortise::services::limits {

// [any thread] `now` in microseconds.
class Leases {
 public:
  // One name for each bucket and key.
  static std::string nameOf(const Bucket& bucket, std::string_view key);
  Decision take(const Bucket& bucket, std::string_view key, std::string_view lease, std::int64_t now);
  void renew(const Bucket& bucket, std::string_view key, const std::vector<std::string>& leases, std::int64_t now);
  void release(const Bucket& bucket, std::string_view key, std::string_view lease);

 private:
  struct Lease {
    std::string name;
    std::int64_t renewedAt = 0;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Lease>> byKey_;
};

}  // namespace mortise::services::limits
