// Principals by token, so that a request with a known token costs the I/O thread no database. Bounded, sharded; tokens
// are kept only as a keyed 128-bit hash.
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

  // nullptr unless it was put under the same revision, a short while ago, and the token still lives.
  PrincipalPtr get(Credential credential, std::string_view token, std::uint64_t revision, std::int64_t nowMicros) const;
  // `revision`: as it was BEFORE the database was asked.
  void put(Credential credential, std::string_view token, std::uint64_t revision, std::int64_t nowMicros,
           PrincipalPtr principal);
  void clear();

 private:
  // What the counter does not see (a change by hand in the database, a writer killed between commit and count) lives no
  // longer than this.
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
  std::array<std::string, 5> keys_;  // one per kind of credential: a cookie's token is not a bearer's
  std::array<Shard, kShards> shards_;
};

}  // namespace mortise::identity
