// A rate limit, declared in x-mortise-buckets of a document: name -> {limit, window | stale, key, algorithm, shared};
// and what an operator made of it (limits.override). A shared one is the same bucket in every document, of whatever
// module, that declares it (equally).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace mortise::services::limits {

struct Bucket {
  enum class Key : std::uint8_t { ip, user, credential, custom };  // custom: taken by the handler through limits/1
  // concurrent counts requests that are open at once, event streams and WebSockets above all.
  enum class Algorithm : std::uint8_t { tokens, fixedWindow, slidingWindow, cooldown, concurrent };
  std::string name;  // "auth.login_ip": module + name in the document; "shared.keys" for `shared: true`
  std::int64_t limit = 0;
  std::int64_t windowSeconds = 0;  // concurrent: a slot whose server sent no sign of life for so long is free again
  Key key = Key::ip;
  Algorithm algorithm = Algorithm::tokens;
  bool off = false;              // limits.override switched it off: never refuses
  bool refusesUncounted = true;  // while the store is away: 503; false: lets the request pass uncounted
  std::string declared;          // "30 per 300s", when limits.override has other numbers

  bool operator==(const Bucket&) const = default;
};

// What is wrong with its numbers, as half a sentence ("limit must be ..."); empty when nothing is.
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
using BucketOverrides = std::map<std::string, BucketOverride, std::less<>>;

// "auth.login_ip=50/5m", "auth.login_ip=50", "auth.sends_ip=off" -> name and numbers. Throws std::runtime_error that
// says what was expected.
std::pair<std::string, BucketOverride> readOverride(std::string_view entry);

// Puts the operator's numbers in place of the contract's. They may be at fault then: faultOf().
void apply(const BucketOverride& numbers, Bucket& bucket);

}  // namespace mortise::services::limits
