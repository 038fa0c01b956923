// cache/1 over services::Cache; every key is stored under the module's name.
#include <chrono>

#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/services/cache/cache.hpp"
#include "mortise/abi/cache.h"

namespace mortise::plugin {
namespace {

constexpr std::size_t kMaxKey = 512;

std::chrono::milliseconds ttl(std::int64_t milliseconds) { return std::chrono::milliseconds(milliseconds); }

template <typename Work>
mortise_status onKey(mortise_host* raw, mortise_str key, std::int64_t ttlMs, const char* function, mortise_error* error,
                     Work work) {
  return blocking<&HostServices::cache>(raw, function, error, [&](Host& host, services::Cache& cache) {
    if (key.size == 0 || key.size > kMaxKey)
      return answer(error, MORTISE_INVALID, "bad_key",
                    "a cache key has 1 to 512 bytes, this one " + std::to_string(key.size));
    if (ttlMs < 0) return answer(error, MORTISE_INVALID, "bad_ttl", "ttl_ms is negative; 0 means no expiry");
    return work(cache, host.moduleName() + ":" + copy(key));
  });
}

mortise_status absent(mortise_error* error) {
  return answer(error, MORTISE_NOT_FOUND, "not_found", "no entry of this key");
}

extern "C" {

mortise_status cacheGet(mortise_host* host, mortise_str key, void (*sink)(void*, mortise_str), void* context,
                        mortise_error* error) {
  return onKey(host, key, 0, "cache/1 get", error, [&](services::Cache& cache, const std::string& full) {
    const auto value = cache.get(full);
    if (!value) return absent(error);
    if (sink != nullptr) sink(context, str(*value));
    return MORTISE_OK;
  });
}

mortise_status cacheSet(mortise_host* host, mortise_str key, mortise_str value, int64_t ttlMs, mortise_error* error) {
  return onKey(host, key, ttlMs, "cache/1 set", error, [&](services::Cache& cache, const std::string& full) {
    cache.set(full, view(value), ttl(ttlMs));
    return MORTISE_OK;
  });
}

mortise_status cacheSetIfAbsent(mortise_host* host, mortise_str key, mortise_str value, int64_t ttlMs,
                                mortise_error* error) {
  return onKey(host, key, ttlMs, "cache/1 set_if_absent", error, [&](services::Cache& cache, const std::string& full) {
    if (cache.setIfAbsent(full, view(value), ttl(ttlMs))) return MORTISE_OK;
    return answer(error, MORTISE_EXISTS, "exists", "there is an entry of this key");
  });
}

mortise_status cacheIncrement(mortise_host* host, mortise_str key, int64_t by, int64_t ttlMs, int64_t* value,
                              mortise_error* error) {
  return onKey(host, key, ttlMs, "cache/1 increment", error, [&](services::Cache& cache, const std::string& full) {
    const auto sum = cache.increment(full, by, ttl(ttlMs));
    if (value != nullptr) *value = sum;
    return MORTISE_OK;
  });
}

mortise_status cacheRemove(mortise_host* host, mortise_str key, mortise_error* error) {
  return onKey(host, key, 0, "cache/1 remove", error, [&](services::Cache& cache, const std::string& full) {
    return cache.remove(full) ? MORTISE_OK : absent(error);
  });
}

}  // extern "C"

const mortise_cache_v1 kTable = {sizeof(mortise_cache_v1), &cacheGet,       &cacheSet,
                                 &cacheSetIfAbsent,        &cacheIncrement, &cacheRemove};

}  // namespace

template <>
ServedInterface serve<mortise_cache_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::cache>};
}

}  // namespace mortise::plugin
