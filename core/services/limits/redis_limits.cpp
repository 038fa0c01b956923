#include <algorithm>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/services/limits/count.hpp"
#include "core/services/limits/limits.hpp"
#include "core/services/redis/redis.hpp"

namespace mortise::services {
namespace {

using Algorithm = limits::Bucket::Algorithm;

// KEYS[1]; ARGV: mode (take, peek, refund), limit, window in microseconds, now in microseconds or 0 for the server's
// clock. Returns {allowed, remaining, wait in microseconds}. Numbers up to 2^53 are exact in Lua, but only "%.0f"
// writes them in full.
constexpr const char* kPrelude = R"(
local mode, limit, window, now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if now == 0 then local t = redis.call('TIME'); now = t[1] * 1000000 + t[2] end
local function text(n) return string.format('%.0f', n) end
local function life(until_) return text(math.max(math.ceil((until_ - now) / 1000), 1)) end
)";

constexpr const char* kTokens = R"(
local step = math.max(math.floor(window / limit), 1)
local mark = tonumber(redis.call('GET', KEYS[1]) or '0')
mark = math.min(math.max(mark, now), now + window)
if mode == 'refund' then
  mark = mark - step
  if mark <= now then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], text(mark), 'PX', life(mark)) end
  return {1, 0, 0}
end
local full = mark + step
if full - now > window then return {0, 0, full - now - window} end
if mode == 'take' then
  redis.call('SET', KEYS[1], text(full), 'PX', life(full))
  return {1, math.floor((window - (full - now)) / step), 0}
end
return {1, math.floor((window - (full - now)) / step) + 1, 0}
)";

// ARGV[5]: 1 = windows start at multiples of their length, 0 = at the first take.
constexpr const char* kWindow = R"(
local aligned = ARGV[5] == '1'
local stored = redis.call('HMGET', KEYS[1], 's', 'c')
local start, count = tonumber(stored[1] or '-1'), tonumber(stored[2] or '0')
local over
if aligned then over = start ~= now - now % window else over = start < 0 or now < start or now - start >= window end
if over then
  count = 0
  if aligned then start = now - now % window else start = now end
end
if mode == 'refund' then
  if count <= 1 then redis.call('DEL', KEYS[1]) else redis.call('HSET', KEYS[1], 'c', text(count - 1)) end
  return {1, 0, 0}
end
if count >= limit then return {0, 0, start + window - now} end
if mode == 'take' then
  redis.call('HSET', KEYS[1], 's', text(start), 'c', text(count + 1))
  redis.call('PEXPIRE', KEYS[1], life(start + window))
  return {1, limit - count - 1, 0}
end
return {1, limit - count, 0}
)";

constexpr const char* kSliding = R"(
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - window))
if mode == 'refund' then redis.call('ZPOPMAX', KEYS[1]); return {1, 0, 0} end
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then
  local blocking = redis.call('ZRANGE', KEYS[1], count - limit, count - limit, 'WITHSCORES')
  return {0, 0, tonumber(blocking[2]) + window - now}
end
if mode ~= 'take' then return {1, limit - count, 0} end
local extra = count
while redis.call('ZADD', KEYS[1], 'NX', text(now), text(now) .. ':' .. text(extra)) == 0 do extra = extra + 1 end
redis.call('PEXPIRE', KEYS[1], life(now + window))
return {1, limit - count - 1, 0}
)";

// A sorted set: lease -> when it was last renewed. ARGV from 5 on: leases; mode is take, renew or release.
constexpr const char* kConcurrent = R"(
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - window))
if mode == 'release' then redis.call('ZREM', KEYS[1], unpack(ARGV, 5)); return {1, 0, 0} end
local left = 0
if mode == 'take' then
  local count = redis.call('ZCARD', KEYS[1])
  if count >= limit then
    local blocking = redis.call('ZRANGE', KEYS[1], count - limit, count - limit, 'WITHSCORES')
    return {0, 0, tonumber(blocking[2]) + window - now}
  end
  left = limit - count - 1
end
for i = 5, #ARGV do redis.call('ZADD', KEYS[1], text(now), ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], life(now + window))
return {1, left, 0}
)";

class RedisLimits final : public Limits {
 public:
  RedisLimits(std::shared_ptr<redis::Pool> pool, std::string hashKey, Clock clock)
      : pool_(std::move(pool)), hashKey_(std::move(hashKey)), clock_(std::move(clock)) {}

  Decision take(const limits::Bucket& bucket, std::string_view key) override { return count(bucket, key, "take"); }
  Decision peek(const limits::Bucket& bucket, std::string_view key) override { return count(bucket, key, "peek"); }
  void refund(const limits::Bucket& bucket, std::string_view key) override { count(bucket, key, "refund"); }
  void reset(const limits::Bucket& bucket, std::string_view key) override {
    pool_->command({"DEL", name(bucket, key)});
  }
  bool blocking() const override { return true; }

  Decision lease(const limits::Bucket& bucket, std::string_view key, std::string_view lease) override {
    return hold(bucket, key, "take", {lease});
  }
  void renew(const limits::Bucket& bucket, std::string_view key, const std::vector<std::string>& leases) override {
    // Lua's unpack and the script's arguments have their bounds.
    constexpr std::size_t kAtOnce = 500;
    for (std::size_t from = 0; from < leases.size(); from += kAtOnce) {
      const auto to = std::min(from + kAtOnce, leases.size());
      hold(bucket, key, "renew",
           redis::Arguments(leases.begin() + static_cast<std::ptrdiff_t>(from),
                            leases.begin() + static_cast<std::ptrdiff_t>(to)));
    }
  }
  void release(const limits::Bucket& bucket, std::string_view key, std::string_view lease) override {
    hold(bucket, key, "release", {lease});
  }

 private:
  std::string name(const limits::Bucket& bucket, std::string_view key) const {
    std::string both = bucket.name;
    both.append(1, '\0').append(key);
    return "mortise:limit:" + std::to_string(static_cast<int>(bucket.algorithm)) + ":" +
           text::base64Url(hmacSha256(hashKey_, both).substr(0, 16));
  }

  Decision count(const limits::Bucket& bucket, std::string_view key, std::string_view mode) {
    static const redis::Script kTokensScript(std::string(kPrelude) + kTokens);
    static const redis::Script kWindowScript(std::string(kPrelude) + kWindow);
    static const redis::Script kSlidingScript(std::string(kPrelude) + kSliding);
    limits::requireCounted(bucket);
    const redis::Script& script = bucket.algorithm == Algorithm::tokens          ? kTokensScript
                                  : bucket.algorithm == Algorithm::slidingWindow ? kSlidingScript
                                                                                 : kWindowScript;
    return run(script, bucket, key, mode, {bucket.algorithm == Algorithm::fixedWindow ? "1" : "0"});
  }

  Decision hold(const limits::Bucket& bucket, std::string_view key, std::string_view mode,
                const redis::Arguments& leases) {
    static const redis::Script kConcurrentScript(std::string(kPrelude) + kConcurrent);
    limits::requireConcurrent(bucket);
    return run(kConcurrentScript, bucket, key, mode, leases);
  }

  Decision run(const redis::Script& script, const limits::Bucket& bucket, std::string_view key, std::string_view mode,
               const redis::Arguments& more) {
    if (bucket.off) return {};
    const std::string limit = std::to_string(bucket.limit);
    const std::string window = std::to_string(bucket.windowSeconds * 1'000'000);
    const std::string now = std::to_string(clock_ ? clock_() : 0);
    redis::Arguments arguments{mode, limit, window, now};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const redis::Reply reply = pool_->eval(script, {name(bucket, key)}, arguments);
    if (reply.items.size() != 3) {
      throw ServiceError(ErrorKind::unavailable, "redis at " + pool_->address().shown() + " gave an unexpected answer");
    }
    Decision decision;
    decision.allowed = reply.items[0].integer == 1;
    decision.limit = bucket.limit;
    decision.remaining = reply.items[1].integer;
    decision.windowSeconds = bucket.windowSeconds;
    if (!decision.allowed) {
      decision.retryAfterSeconds = std::max<std::int64_t>((reply.items[2].integer + 999'999) / 1'000'000, 1);
    }
    return decision;
  }

  std::shared_ptr<redis::Pool> pool_;
  std::string hashKey_;
  Clock clock_;
};

}  // namespace

std::unique_ptr<Limits> Limits::inRedis(std::shared_ptr<redis::Pool> pool, std::string hashKey, Clock clock) {
  return std::make_unique<RedisLimits>(std::move(pool), std::move(hashKey), std::move(clock));
}

}  // namespace mortise::services
