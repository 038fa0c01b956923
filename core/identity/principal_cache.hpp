// Principals by token, so that a request with a cached token needs no database on the I/O thread. Bounded, sharded;
// stores tokens only as a keyed 128-bit hash.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/identity/principal.hpp"

namespace mortise::identity {

class PrincipalCache {
 public:
  explicit PrincipalCache(std::size_t entries = 16384);

  // nullptr unless it was stored under the same revision, recently, and the token has not expired.
  PrincipalPtr get(Credential credential, std::string_view token, std::uint64_t revision, std::int64_t nowMicros) const;
  // `revision`: read BEFORE the database was asked.
  void put(Credential credential, std::string_view token, std::uint64_t revision, std::int64_t nowMicros,
           PrincipalPtr principal);
  void clear();

 private:
  // Bounds how long the cache misses a change that the counter does not show (made by hand in the database, or by a
  // writer killed between commit and count).
  static constexpr std::int64_t kMaxAgeMicros = 10'000'000;
  static constexpr std::size_t kShards = 64;
  struct Hashed {
    std::uint64_t low = 0, high = 0;
    bool operator==(const Hashed&) const = default;
  };
  struct TakeLow {
    std::size_t operator()(const Hashed& hashed) const { return hashed.low; }
  };
  struct Entry {
    std::uint64_t revision = 0;
    std::int64_t putAt = 0;
    PrincipalPtr principal;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::unordered_map<Hashed, Entry, TakeLow> entries;
  };

  Hashed hash(Credential credential, std::string_view token) const;

  const std::size_t perShard_;
  std::array<std::string, 5> keys_;  // one per kind of credential, so that a cookie's token is never a bearer's
  std::array<Shard, kShards> shards_;
};

}  // namespace mortise::identity
