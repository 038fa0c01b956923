#include <sodium.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/services/limits/count.hpp"
#include "core/services/limits/leases.hpp"
#include "core/services/limits/limits.hpp"

namespace mortise::services {
namespace {

using limits::State;

// 128 bits of a keyed hash: keys can't be read back, and no client can make keys collide.
struct Hashed {
  std::uint64_t low = 0, high = 0;
  bool operator==(const Hashed&) const = default;
};
struct TakeLow {
  std::size_t operator()(const Hashed& hashed) const { return hashed.low; }
};

class MemoryLimits final : public Limits {
 public:
  MemoryLimits(std::size_t maxEntries, Clock clock)
      : clock_(std::move(clock)),
        weightPerShard_(std::max<std::size_t>(maxEntries / kShards, 8)),
        secret_(randomBytes(crypto_shorthash_siphashx24_KEYBYTES)) {}

  Decision take(const limits::Bucket& bucket, std::string_view key) override {
    limits::requireCounted(bucket);
    if (bucket.off) return {};
    const Hashed hashed = hash(bucket, key);
    const std::int64_t now = time();
    Shard& shard = shardOf(hashed);
    std::lock_guard lock(shard.mutex);
    auto entry = shard.states.find(hashed);
    if (entry == shard.states.end()) {
      makeRoom(shard, now);
      entry = shard.states.try_emplace(hashed).first;
      ++shard.weight;
    }
    const std::size_t before = extraWeight(entry->second);
    const Decision decision = limits::take(bucket, entry->second, now);
    shard.weight += extraWeight(entry->second) - before;
    return decision;
  }

  Decision peek(const limits::Bucket& bucket, std::string_view key) override {
    limits::requireCounted(bucket);
    if (bucket.off) return {};
    const Hashed hashed = hash(bucket, key);
    const std::int64_t now = time();
    Shard& shard = shardOf(hashed);
    std::lock_guard lock(shard.mutex);
    const auto entry = shard.states.find(hashed);
    static const State kEmpty;
    return limits::peek(bucket, entry == shard.states.end() ? kEmpty : entry->second, now);
  }

  void refund(const limits::Bucket& bucket, std::string_view key) override {
    limits::requireCounted(bucket);
    if (bucket.off) return;
    const Hashed hashed = hash(bucket, key);
    const std::int64_t now = time();
    Shard& shard = shardOf(hashed);
    std::lock_guard lock(shard.mutex);
    const auto entry = shard.states.find(hashed);
    if (entry == shard.states.end()) return;
    limits::refund(bucket, entry->second, now);
    if (entry->second.expiresAt <= now) erase(shard, entry);
  }

  void reset(const limits::Bucket& bucket, std::string_view key) override {
    const Hashed hashed = hash(bucket, key);
    Shard& shard = shardOf(hashed);
    std::lock_guard lock(shard.mutex);
    const auto entry = shard.states.find(hashed);
    if (entry != shard.states.end()) erase(shard, entry);
  }

  bool blocking() const override { return false; }

  Decision lease(const limits::Bucket& bucket, std::string_view key, std::string_view lease) override {
    return leases_.take(bucket, key, lease, time());
  }
  void renew(const limits::Bucket& bucket, std::string_view key, const std::vector<std::string>& leases) override {
    leases_.renew(bucket, key, leases, time());
  }
  void release(const limits::Bucket& bucket, std::string_view key, std::string_view lease) override {
    leases_.release(bucket, key, lease);
  }

 private:
  static constexpr std::size_t kShards = 64;
  using States = std::unordered_map<Hashed, State, TakeLow>;
  struct alignas(64) Shard {
    std::mutex mutex;
    States states;
    std::size_t weight = 0;  // entries, and the logs of sliding windows in units of eight times
    std::size_t hand = 0;    // next hash bucket to search for expired entries
  };

  std::int64_t time() const {
    if (clock_) return clock_();
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // milliseconds are fine enough, and it costs next to nothing
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  }

  Hashed hash(const limits::Bucket& bucket, std::string_view key) const {
    // Name, NUL, key: names contain no NUL, so the text of each pair is unique.
    std::array<unsigned char, 512> buffer;
    std::string longText;
    const unsigned char* data = buffer.data();
    const std::size_t size = bucket.name.size() + 1 + key.size();
    if (size <= buffer.size()) {
      std::memcpy(buffer.data(), bucket.name.data(), bucket.name.size());
      buffer[bucket.name.size()] = 0;
      if (!key.empty()) std::memcpy(buffer.data() + bucket.name.size() + 1, key.data(), key.size());
    } else {
      longText.append(bucket.name).append(1, '\0').append(key);
      data = reinterpret_cast<const unsigned char*>(longText.data());
    }
    unsigned char out[crypto_shorthash_siphashx24_BYTES];
    crypto_shorthash_siphashx24(out, data, size, reinterpret_cast<const unsigned char*>(secret_.data()));
    Hashed hashed;
    std::memcpy(&hashed.low, out, 8);
    std::memcpy(&hashed.high, out + 8, 8);
    return hashed;
  }

  Shard& shardOf(const Hashed& hashed) { return shards_[hashed.high % kShards]; }
  static std::size_t extraWeight(const State& state) { return state.log ? state.log->capacity() / 8 : 0; }

  static void erase(Shard& shard, States::iterator at) {
    shard.weight -= 1 + extraWeight(at->second);
    shard.states.erase(at);
  }

  // Examining a few entries per new one keeps expired ones from accumulating; when the shard is full, the examined
  // entry that would expire next is dropped.
  void makeRoom(Shard& shard, std::int64_t now) {
    constexpr int kLookedAt = 4;
    do {
      if (shard.states.empty()) return;
      States::key_type soonest;
      std::int64_t soonestAt = INT64_MAX;
      Hashed expired[kLookedAt];
      int expiredCount = 0;
      int seen = 0;
      // At most once around, so that no entry is examined twice; fewer when only tidying.
      const bool full = shard.weight >= weightPerShard_;
      const std::size_t most =
          full ? shard.states.bucket_count() : std::min<std::size_t>(shard.states.bucket_count(), 64);
      for (std::size_t steps = 0; seen < kLookedAt && steps < most; ++steps) {
        shard.hand = (shard.hand + 1) % shard.states.bucket_count();
        for (auto at = shard.states.begin(shard.hand); at != shard.states.end(shard.hand) && seen < kLookedAt; ++at) {
          ++seen;
          if (at->second.expiresAt <= now) {
            expired[expiredCount++] = at->first;
          } else if (at->second.expiresAt < soonestAt) {
            soonestAt = at->second.expiresAt;
            soonest = at->first;
          }
        }
      }
      for (int i = 0; i < expiredCount; ++i) erase(shard, shard.states.find(expired[i]));
      if (expiredCount == 0 && full) erase(shard, shard.states.find(soonest));
    } while (shard.weight >= weightPerShard_);
  }

  const Clock clock_;
  const std::size_t weightPerShard_;
  const std::string secret_;
  std::array<Shard, kShards> shards_;
  limits::Leases leases_;
};

}  // namespace

std::unique_ptr<Limits> Limits::inMemory(std::size_t maxEntries, Clock clock) {
  return std::make_unique<MemoryLimits>(maxEntries, std::move(clock));
}

}  // namespace mortise::services
