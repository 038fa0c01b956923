#include "core/identity/principal_cache.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/identifiers.hpp"

namespace mortise::identity {

PrincipalCache::PrincipalCache(std::size_t entries) : perShard_(std::max<std::size_t>(entries / kShards, 1)) {
  for (std::string& key : keys_) key = randomBytes(crypto_shorthash_siphashx24_KEYBYTES);
}

PrincipalCache::Hashed PrincipalCache::hash(Credential credential, std::string_view token) const {
  unsigned char out[crypto_shorthash_siphashx24_BYTES];
  crypto_shorthash_siphashx24(
      out, reinterpret_cast<const unsigned char*>(token.data()), token.size(),
      reinterpret_cast<const unsigned char*>(keys_[static_cast<std::size_t>(credential)].data()));
  Hashed hashed;
  std::memcpy(&hashed.low, out, 8);
  std::memcpy(&hashed.high, out + 8, 8);
  return hashed;
}

PrincipalPtr PrincipalCache::get(Credential credential, std::string_view token, std::uint64_t revision,
                                 std::int64_t nowMicros) const {
  const Hashed hashed = hash(credential, token);
  const Shard& shard = shards_[hashed.high % kShards];
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.entries.find(hashed);
  if (at == shard.entries.end()) return nullptr;
  const Entry& entry = at->second;
  const bool valid = entry.revision == revision && nowMicros >= entry.putAt &&
                     nowMicros - entry.putAt < kMaxAgeMicros && nowMicros / 1'000'000 < entry.principal->expiresAt;
  return valid ? entry.principal : nullptr;
}

void PrincipalCache::put(Credential credential, std::string_view token, std::uint64_t revision, std::int64_t nowMicros,
                         PrincipalPtr principal) {
  const Hashed hashed = hash(credential, token);
  Shard& shard = shards_[hashed.high % kShards];
  std::unordered_map<Hashed, Entry, TakeLow> dropped;  // freed outside the lock
  const std::lock_guard lock(shard.mutex);
  if (shard.entries.size() >= perShard_ && !shard.entries.contains(hashed)) dropped.swap(shard.entries);
  shard.entries.insert_or_assign(hashed, Entry{revision, nowMicros, std::move(principal)});
}

void PrincipalCache::clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.entries.clear();
  }
}

}  // namespace mortise::identity
