// limits/1 over services::Limits, for the buckets of the module's own contracts.
#include <algorithm>

#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/limits/bucket.hpp"
#include "core/services/limits/limits.hpp"
#include "mortise/abi/limits.h"

namespace mortise::plugin {
namespace {

template <typename Work>
mortise_status onBucket(mortise_host* raw, mortise_str name, const char* function, mortise_error* error, Work work,
                        Threads threads = Threads::blocking) {
  return onService<&HostServices::limits>(raw, threads, function, error, [&](Host& host, services::Limits& limits) {
    const auto* bucket = host.bucket(view(name));
    if (bucket == nullptr) {
      return answer(error, MORTISE_NOT_FOUND, "unknown_bucket",
                    "no contract of this module declares the bucket " + copy(name) + " in x-mortise-buckets");
    }
    return work(limits, *bucket);
  });
}

mortise_status tell(const services::Decision& decision, mortise_error* error) {
  if (decision.allowed) return MORTISE_OK;
  const auto wait = static_cast<int>(std::clamp<std::int64_t>(decision.retryAfterSeconds, 1, 1 << 30));
  return answer(error, MORTISE_DENIED, "limit_reached", "limit reached; try again in " + std::to_string(wait) + " s",
                wait);
}

extern "C" {

mortise_status limitsTake(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onBucket(host, bucket, "limits/1 take", error,
                  [&](auto& limits, const auto& found) { return tell(limits.take(found, view(key)), error); });
}

mortise_status limitsPeek(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onBucket(host, bucket, "limits/1 peek", error,
                  [&](auto& limits, const auto& found) { return tell(limits.peek(found, view(key)), error); });
}

mortise_status limitsRefund(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onBucket(host, bucket, "limits/1 refund", error, [&](auto& limits, const auto& found) {
    limits.refund(found, view(key));
    return MORTISE_OK;
  });
}

mortise_status limitsReset(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onBucket(host, bucket, "limits/1 reset", error, [&](auto& limits, const auto& found) {
    limits.reset(found, view(key));
    return MORTISE_OK;
  });
}

mortise_status limitsNumbers(mortise_host* host, mortise_str bucket, int64_t* limit, int64_t* windowSeconds,
                             mortise_error* error) {
  const auto tellNumbers = [&](const auto&, const auto& found) {
    if (limit != nullptr) *limit = found.off ? 0 : found.limit;
    if (windowSeconds != nullptr) *windowSeconds = found.off ? 0 : found.windowSeconds;
    return MORTISE_OK;
  };
  return onBucket(host, bucket, "limits/1 numbers", error, tellNumbers, Threads::any);
}

}  // extern "C"

const mortise_limits_v1 kTable = {
    sizeof(mortise_limits_v1), &limitsTake, &limitsPeek, &limitsRefund, &limitsReset, &limitsNumbers};

}  // namespace

template <>
ServedInterface serve<mortise_limits_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::limits>};
}

}  // namespace mortise::plugin
