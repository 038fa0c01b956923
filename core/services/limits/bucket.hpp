// A rate limit, declared in x-mortise-buckets of a document: name -> {limit, window | stale, key, algorithm, shared};
// an operator may change it (limits.override). Every document of every module that declares a shared bucket (equally)
// means the same bucket.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace mortise::services::limits {

struct Bucket {
  // custom and ipCustom are taken by the handler through limits/1; ipCustom counts its key for each client address.
  enum class Key : std::uint8_t { ip, user, credential, custom, ipCustom };
  // concurrent counts open requests, mainly event streams and WebSockets.
  enum class Algorithm : std::uint8_t { tokens, fixedWindow, slidingWindow, cooldown, concurrent };
  std::string name;  // "auth.login_ip": module + name in the document; "shared.keys" for `shared: true`
  std::int64_t limit = 0;
  std::int64_t windowSeconds = 0;  // concurrent: a slot without a heartbeat of its server for this long is free again
  Key key = Key::ip;
  Algorithm algorithm = Algorithm::tokens;
  bool off = false;              // limits.override switched it off: never refuses
  bool refusesUncounted = true;  // while the store is unreachable: 503; false: the request passes uncounted
  std::string declared;          // "30 per 300s", when limits.override has other numbers

  bool operator==(const Bucket&) const = default;
};

// Whether handlers take it through limits/1, and the kernel does not.
constexpr bool isTakenByHandlers(const Bucket& bucket) {
  return bucket.key == Bucket::Key::custom || bucket.key == Bucket::Key::ipCustom;
}

// The same bucket for the /56 of an IPv6 client: with a higher limit (ClientNetworks::kSiteFactor), under a name of its
// own.
Bucket ofSite(const Bucket& bucket);

// What is wrong with its numbers, as half a sentence ("limit must be ..."); empty when they are valid.
std::string faultOf(const Bucket& bucket);

// "30 per 300s", "10 at once", "off".
std::string numbersOf(const Bucket& bucket);

// Seconds of "90", "90s", "15m", "24h" or "7d"; 0 for anything else.
std::int64_t secondsFrom(std::string_view written);

// One entry of limits.override.
struct BucketOverride {
  bool off = false;
  std::int64_t limit = 0;
  std::int64_t windowSeconds = 0;  // 0: as the contract says
};
struct BucketOverrides {
  std::map<std::string, BucketOverride, std::less<>> byName;
  bool allOff = false;  // limits.enabled = false
};

// "auth.login_ip=50/5m", "auth.login_ip=50", "auth.sends_ip=off" -> name and numbers. Throws std::runtime_error that
// says what was expected.
std::pair<std::string, BucketOverride> readOverride(std::string_view entry);

// Replaces the contract's numbers by the operator's. The result may be invalid: check faultOf().
void apply(const BucketOverride& numbers, Bucket& bucket);

}  // namespace mortise::services::limits
