// limits/1 over services::Limits, for the buckets of the module's own contracts.
#include <algorithm>

#include "core/plugin/call.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "core/services/limits/bucket.hpp"
#include "core/services/limits/client_limits.hpp"
#include "core/services/limits/limits.hpp"
#include "mortise/abi/limits.h"

namespace mortise::plugin {
namespace {

struct PlainCounter {
  services::Limits& limits;
  const services::limits::Bucket& bucket;
  std::string_view key;

  services::Decision take() const { return limits.take(bucket, key); }
  services::Decision peek() const { return limits.peek(bucket, key); }
  void refund() const { limits.refund(bucket, key); }
  void reset() const { limits.reset(bucket, key); }
};

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

// Runs work(counter), whose take, peek, refund and reset count as the key of the bucket says.
template <typename Work>
mortise_status onCounter(mortise_host* raw, mortise_str name, mortise_str key, const char* function,
                         mortise_error* error, Work work) {
  using Key = services::limits::Bucket::Key;
  return onBucket(raw, name, function, error, [&](services::Limits& limits, const services::limits::Bucket& bucket) {
    if (bucket.key == Key::ip) return work(services::limits::ClientLimits(limits, bucket, view(key)));
    if (bucket.key != Key::ipCustom) return work(PlainCounter{limits, bucket, view(key)});
    const auto* call = currentThread.call;
    if (call == nullptr) {
      return answer(error, MORTISE_INVALID, "no_request",
                    "the bucket " + bucket.name +
                        " counts by client address (key: ip_custom): take it on the thread that runs the handler");
    }
    return work(services::limits::ClientLimits(limits, bucket, call->address(), view(key)));
  });
}

mortise_status answerDecision(const services::Decision& decision, mortise_error* error) {
  if (decision.allowed) return MORTISE_OK;
  const auto wait = static_cast<int>(std::clamp<std::int64_t>(decision.retryAfterSeconds, 1, 1 << 30));
  return answer(error, MORTISE_DENIED, "limit_reached", "limit reached; try again in " + std::to_string(wait) + " s",
                wait);
}

extern "C" {

mortise_status limitsTake(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onCounter(host, bucket, key, "limits/1 take", error,
                   [&](const auto& counter) { return answerDecision(counter.take(), error); });
}

mortise_status limitsPeek(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onCounter(host, bucket, key, "limits/1 peek", error,
                   [&](const auto& counter) { return answerDecision(counter.peek(), error); });
}

mortise_status limitsRefund(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onCounter(host, bucket, key, "limits/1 refund", error, [&](const auto& counter) {
    counter.refund();
    return MORTISE_OK;
  });
}

mortise_status limitsReset(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error) {
  return onCounter(host, bucket, key, "limits/1 reset", error, [&](const auto& counter) {
    counter.reset();
    return MORTISE_OK;
  });
}

mortise_status limitsNumbers(mortise_host* host, mortise_str bucket, int64_t* limit, int64_t* windowSeconds,
                             mortise_error* error) {
  const auto fillNumbers = [&](const auto&, const auto& settings) {
    if (limit != nullptr) *limit = settings.off ? 0 : settings.limit;
    if (windowSeconds != nullptr) *windowSeconds = settings.off ? 0 : settings.windowSeconds;
    return MORTISE_OK;
  };
  return onBucket(host, bucket, "limits/1 numbers", error, fillNumbers, Threads::any);
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
