#include "core/services/cache/cache.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/services/redis/redis.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Evicts the least recently used entries; sharded, so that threads seldom compete.
class MemoryCache final : public Cache {
 public:
  explicit MemoryCache(const CacheOptions& options)
      : shardCount_(options.maxEntries >= 1024 ? 16 : 1),
        entriesPerShard_(std::max<std::size_t>(options.maxEntries / shardCount_, 1)),
        bytesPerShard_(std::max<std::size_t>(options.maxBytes / shardCount_, 1)),
        largest_(options.maxBytes / 8),
        shards_(shardCount_) {}

  std::optional<std::string> get(std::string_view key) override {
    Shard& shard = shardOf(key);
    std::lock_guard lock(shard.mutex);
    const Entry* entry = live(shard, key);
    if (!entry) return std::nullopt;
    return entry->value;
  }

  void set(std::string_view key, std::string_view value, milliseconds ttl) override {
    checkSize(key, value);
    Shard& shard = shardOf(key);
    std::lock_guard lock(shard.mutex);
    drop(shard, key);
    add(shard, key, value, ttl);
  }

  bool setIfAbsent(std::string_view key, std::string_view value, milliseconds ttl) override {
    checkSize(key, value);
    Shard& shard = shardOf(key);
    std::lock_guard lock(shard.mutex);
    if (live(shard, key)) return false;
    add(shard, key, value, ttl);
    return true;
  }

  bool remove(std::string_view key) override {
    Shard& shard = shardOf(key);
    std::lock_guard lock(shard.mutex);
    const bool had = live(shard, key) != nullptr;
    drop(shard, key);
    return had;
  }

  std::int64_t increment(std::string_view key, std::int64_t by, milliseconds ttl) override {
    Shard& shard = shardOf(key);
    std::lock_guard lock(shard.mutex);
    Entry* entry = live(shard, key);
    if (!entry) {
      add(shard, key, std::to_string(by), ttl);
      return by;
    }
    std::int64_t value = 0;
    const char* end = entry->value.data() + entry->value.size();
    const auto [at, error] = std::from_chars(entry->value.data(), end, value);
    if (error != std::errc{} || at != end) {
      throw ServiceError(ErrorKind::invalid, "cache: the value of " + std::string(key) + " is no integer");
    }
    if (__builtin_add_overflow(value, by, &value)) {
      throw ServiceError(ErrorKind::invalid, "cache: the counter " + std::string(key) + " would overflow");
    }
    std::string text = std::to_string(value);
    shard.bytes = shard.bytes - entry->value.size() + text.size();
    entry->value = std::move(text);
    return value;
  }

  std::chrono::microseconds ping() override { return std::chrono::microseconds{0}; }
  bool blocking() const override { return false; }
  std::shared_ptr<redis::Pool> redisPool() const override { return nullptr; }

 private:
  struct Entry {
    std::string key, value;
    Clock::time_point expires;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Entry> order;  // most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> index;
    std::size_t bytes = 0;
  };

  Shard& shardOf(std::string_view key) { return shards_[std::hash<std::string_view>{}(key) % shardCount_]; }

  void checkSize(std::string_view key, std::string_view value) const {
    const std::size_t most = std::min(largest_, bytesPerShard_);
    if (key.size() + value.size() > most) {
      throw ServiceError(ErrorKind::full, "cache: a value of " + std::to_string(value.size()) +
                                              " bytes is larger than the " + std::to_string(most) + " allowed");
    }
  }

  static void erase(Shard& shard, std::list<Entry>::iterator at) {
    shard.bytes -= at->key.size() + at->value.size();
    shard.index.erase(at->key);
    shard.order.erase(at);
  }

  static void drop(Shard& shard, std::string_view key) {
    if (const auto entry = shard.index.find(key); entry != shard.index.end()) erase(shard, entry->second);
  }

  static Entry* live(Shard& shard, std::string_view key) {
    const auto entry = shard.index.find(key);
    if (entry == shard.index.end()) return nullptr;
    if (entry->second->expires <= Clock::now()) {
      erase(shard, entry->second);
      return nullptr;
    }
    shard.order.splice(shard.order.begin(), shard.order, entry->second);
    return &*entry->second;
  }

  void add(Shard& shard, std::string_view key, std::string_view value, milliseconds ttl) {
    const auto expires = ttl.count() > 0 ? Clock::now() + ttl : Clock::time_point::max();
    shard.order.push_front({std::string(key), std::string(value), expires});
    shard.index.emplace(shard.order.front().key, shard.order.begin());
    shard.bytes += key.size() + value.size();
    while (shard.order.size() > entriesPerShard_ || shard.bytes > bytesPerShard_) {
      erase(shard, std::prev(shard.order.end()));
    }
  }

  const std::size_t shardCount_, entriesPerShard_, bytesPerShard_, largest_;
  std::vector<Shard> shards_;
};

class RedisCache final : public Cache {
 public:
  RedisCache(std::shared_ptr<redis::Pool> pool, const CacheOptions& options)
      : pool_(std::move(pool)),
        prefix_(options.prefix + "cache:"),
        health_(options.prefix + "health"),
        largest_(options.maxBytes / 8) {}

  std::optional<std::string> get(std::string_view key) override {
    redis::Reply reply = pool_->command({"GET", full(key)});
    if (reply.type == redis::Reply::Type::nil) return std::nullopt;
    return std::move(reply.text);
  }

  void set(std::string_view key, std::string_view value, milliseconds ttl) override { store(key, value, ttl, false); }

  bool setIfAbsent(std::string_view key, std::string_view value, milliseconds ttl) override {
    return store(key, value, ttl, true);
  }

  bool remove(std::string_view key) override { return pool_->command({"DEL", full(key)}).integer == 1; }

  std::int64_t increment(std::string_view key, std::int64_t by, milliseconds ttl) override {
    static const redis::Script kIncrement(
        "local new = redis.call('EXISTS', KEYS[1]) == 0\n"
        "local value = redis.call('INCRBY', KEYS[1], ARGV[1])\n"
        "if new and tonumber(ARGV[2]) > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end\n"
        "return value\n");
    return pool_->eval(kIncrement, {full(key)}, {std::to_string(by), std::to_string(ttl.count())}).integer;
  }

  std::chrono::microseconds ping() override {
    const auto start = Clock::now();
    // Not PING, which a server answers that takes no writes.
    pool_->command({"SET", health_, "1", "PX", "60000"});
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  }

  bool blocking() const override { return true; }
  std::shared_ptr<redis::Pool> redisPool() const override { return pool_; }

 private:
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }

  bool store(std::string_view key, std::string_view value, milliseconds ttl, bool onlyNew) {
    if (value.size() > largest_) {
      throw ServiceError(ErrorKind::full, "cache: a value of " + std::to_string(value.size()) +
                                              " bytes is larger than the " + std::to_string(largest_) + " allowed");
    }
    const std::string name = full(key);
    const std::string life = std::to_string(ttl.count());
    redis::Arguments arguments{"SET", name, value};
    if (ttl.count() > 0) arguments.insert(arguments.end(), {"PX", life});
    if (onlyNew) arguments.push_back("NX");
    return pool_->command(arguments).type != redis::Reply::Type::nil;
  }

  std::shared_ptr<redis::Pool> pool_;
  std::string prefix_, health_;
  std::size_t largest_;
};

bool inMemory(std::string_view url) { return url == "memory:" || url == "memory"; }

}  // namespace

std::unique_ptr<Cache> Cache::open(std::string_view url, const CacheOptions& options) {
  checkUrl(url);
  if (inMemory(url)) return std::make_unique<MemoryCache>(options);
  redis::Options pool;
  pool.connections = options.connections;
  pool.connectTimeout = options.timeout / 2;
  pool.commandTimeout = options.timeout;
  return std::make_unique<RedisCache>(std::make_shared<redis::Pool>(redis::parseAddress(url), pool), options);
}

void Cache::checkUrl(std::string_view url) {
  if (inMemory(url)) return;
  if (url.starts_with("redis://") || url.starts_with("redis+unix://")) {
    redis::parseAddress(url);
    return;
  }
  throw ServiceError(ErrorKind::invalid, "cache.url: unknown scheme " + std::string(url.substr(0, url.find(':'))) +
                                             "; use memory:, redis:// or redis+unix://");
}

}  // namespace mortise::services
