// Rate limits: limits::Bucket counted per key, in this process or in Redis.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/service_error.hpp"

namespace mortise::services {

namespace limits {
struct Bucket;
}
namespace redis {
class Pool;
}

struct Decision {
  bool allowed = true;
  std::int64_t limit = 0;
  std::int64_t remaining = 0;          // units left after this decision
  std::int64_t retryAfterSeconds = 0;  // >= 1 when refused
  std::int64_t windowSeconds = 0;      // concurrent: of staleness
};

// What the algorithms of a bucket mean:
//   tokens         `limit` at once, refilled evenly: one every windowSeconds / limit
//   fixedWindow    `limit` per window; windows start at multiples of windowSeconds since the epoch
//   slidingWindow  at most `limit` within any windowSeconds, exactly
//   cooldown       the first take starts windowSeconds during which `limit` takes (usually 1) are allowed
//   concurrent     `limit` leases at once; one that was not renewed for windowSeconds is stale and counts no more
// A refused take changes nothing. Keys are stored hashed. ServiceError{invalid} for a bucket whose limit or window is
// not positive, and for calls of the other kind: leases of a counted bucket, takes of a concurrent one. A bucket that
// is off allows everything and counts nothing.
class Limits {
 public:
  using Clock = std::function<std::int64_t()>;  // microseconds since the epoch

  // Sharded and bounded: expired entries are dropped first, then those that expire next. [any thread, never blocks for
  // long]
  static std::unique_ptr<Limits> inMemory(std::size_t maxEntries = 1'000'000, Clock clock = {});
  // Shared by all servers; time is Redis' own unless a clock is given. `hashKey`: the same on all servers. [workers
  // only] Redis away: ServiceError{unavailable | timeout}.
  static std::unique_ptr<Limits> inRedis(std::shared_ptr<redis::Pool> pool, std::string hashKey, Clock clock = {});
  virtual ~Limits() = default;

  virtual Decision take(const limits::Bucket& bucket, std::string_view key) = 0;
  virtual Decision peek(const limits::Bucket& bucket, std::string_view key) = 0;  // like take, but takes nothing
  virtual void refund(const limits::Bucket& bucket, std::string_view key) = 0;    // returns the last taken unit
  virtual void reset(const limits::Bucket& bucket, std::string_view key) = 0;     // drops the key
  virtual bool blocking() const = 0;                                              // true: only from workers

  // For concurrent buckets. `lease` is a unique name; its holder renews it well before it is stale
  // and releases it at the end (slots.hpp does). Refused: retryAfterSeconds is the time until the oldest one is stale.
  virtual Decision lease(const limits::Bucket& bucket, std::string_view key, std::string_view lease) = 0;
  virtual void renew(const limits::Bucket& bucket, std::string_view key,
                     const std::vector<std::string>& leases) = 0;  // restores lost ones
  virtual void release(const limits::Bucket& bucket, std::string_view key, std::string_view lease) = 0;
};

}  // namespace mortise::services
