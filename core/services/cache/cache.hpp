// Short-lived values by key: in this process (memory:) or shared by several servers (redis://, redis+unix://).
// Nothing in it is precious: entries may vanish at any time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/service_error.hpp"

namespace mortise::services {

namespace redis {
class Pool;
}

struct CacheOptions {
  std::size_t maxEntries = 100'000;         // memory: least recently used go first
  std::size_t maxBytes = 64u << 20;         // memory: keys and values
  std::size_t connections = 8;              // redis
  std::chrono::milliseconds timeout{1000};  // redis: each command; half of it to connect
  std::string prefix = "mortise:";          // redis: before every key
};

// Thread-safe. With Redis every call may block up to twice the timeout and throws ServiceError{unavailable | timeout}
// when Redis is away.
class Cache {
 public:
  // Throws ServiceError{invalid} for an unsupported URL; connects to nothing.
  static void checkUrl(std::string_view url);
  // The same. Redis may be down: connections are opened when needed.
  static std::unique_ptr<Cache> open(std::string_view url, const CacheOptions& options = {});
  virtual ~Cache() = default;

  virtual std::optional<std::string> get(std::string_view key) = 0;
  // `ttl` zero: no expiry. A value over maxBytes / 8 is refused with ServiceError{full}.
  virtual void set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) = 0;
  virtual bool setIfAbsent(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) = 0;
  virtual bool remove(std::string_view key) = 0;
  // Adds to a counter, 0 when absent; `ttl` counts from its creation. Throws ServiceError{invalid} when the value is no
  // number.
  virtual std::int64_t increment(std::string_view key, std::int64_t by, std::chrono::milliseconds ttl) = 0;
  // A round trip of a small write. Throws when the store does not answer or takes no writes.
  virtual std::chrono::microseconds ping() = 0;
  virtual bool blocking() const = 0;  // true: only from workers
  // The connection pool, for limits and events; nullptr for memory:.
  virtual std::shared_ptr<redis::Pool> redisPool() const = 0;
};

}  // namespace mortise::services
