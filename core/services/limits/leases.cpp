#include "core/services/limits/leases.hpp"

#include <algorithm>

#include "core/services/limits/count.hpp"

namespace mortise::services::limits {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

}  // namespace

std::string Leases::nameOf(const Bucket& bucket, std::string_view key) {
  std::string name = bucket.name;
  return name.append(1, '\0').append(key);
}

Decision Leases::take(const Bucket& bucket, std::string_view key, std::string_view lease, std::int64_t now) {
  requireConcurrent(bucket);
  if (bucket.off) return {};
  const std::int64_t stale = bucket.windowSeconds * kMicros;
  const std::lock_guard lock(mutex_);
  auto& held = byKey_[nameOf(bucket, key)];
  std::erase_if(held, [&](const Lease& one) { return one.renewedAt <= now - stale; });
  const auto count = static_cast<std::int64_t>(held.size());
  if (count >= bucket.limit) {
    std::sort(held.begin(), held.end(), [](const Lease& a, const Lease& b) { return a.renewedAt < b.renewedAt; });
    // The lease whose end makes room; with a lowered limit that need not be the oldest.
    const auto& blocking = held[static_cast<std::size_t>(count - bucket.limit)];
    const std::int64_t wait = (blocking.renewedAt + stale - now + kMicros - 1) / kMicros;
    return {false, bucket.limit, 0, std::max<std::int64_t>(wait, 1), bucket.windowSeconds};
  }
  held.push_back({std::string(lease), now});
  return {true, bucket.limit, bucket.limit - count - 1, 0, bucket.windowSeconds};
}

void Leases::renew(const Bucket& bucket, std::string_view key, const std::vector<std::string>& leases,
                   std::int64_t now) {
  requireConcurrent(bucket);
  if (bucket.off || leases.empty()) return;
  const std::lock_guard lock(mutex_);
  auto& held = byKey_[nameOf(bucket, key)];
  for (const auto& lease : leases) {
    const auto entry = std::find_if(held.begin(), held.end(), [&](const Lease& one) { return one.name == lease; });
    if (entry == held.end()) {
      held.push_back({lease, now});
    } else {
      entry->renewedAt = now;
    }
  }
}

void Leases::release(const Bucket& bucket, std::string_view key, std::string_view lease) {
  requireConcurrent(bucket);
  const std::lock_guard lock(mutex_);
  const auto entry = byKey_.find(nameOf(bucket, key));
  if (entry == byKey_.end()) return;
  std::erase_if(entry->second, [&](const Lease& one) { return one.name == lease; });
  if (entry->second.empty()) byKey_.erase(entry);
}

}  // namespace mortise::services::limits
