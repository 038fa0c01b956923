// Short-lived values by key, in memory or in Redis: cache/1.
#pragma once

#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/abi/cache.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Nothing in it is precious: an entry may vanish at any time. Keys 1..512 bytes, the module's own. [worker] [start]
// Failures throw Problem: 503 "unavailable" and 504 "timeout" (a configured Redis is away), 507 (value too large), 422
// (a bad key).
class Cache {
 public:
  using Table = mortise_cache_v1;
  static constexpr const char* kInterface = MORTISE_CACHE_V1;
  Cache(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  std::optional<std::string> get(std::string_view key) const {
    struct Got {
      std::optional<std::string> value{};
      bool failed = false;
    } got;
    auto error = detail::noError();
    const auto status = table_->get(
        host_, detail::str(key),
        [](void* context, mortise_str value) {
          auto& out = *static_cast<Got*>(context);
          try {
            out.value = detail::copied(value);
          } catch (...) {  // nothing may be thrown through the boundary
            out.failed = true;
          }
        },
        &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    if (got.failed) throw std::bad_alloc();
    return std::move(got.value);
  }
  // A `ttl` of zero: no expiry.
  void set(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) const {
    auto error = detail::noError();
    check(table_->set(host_, detail::str(key), detail::str(value), ttl.count(), &error), error);
  }
  // False, and nothing changes, when there is one.
  bool setIfAbsent(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) const {
    auto error = detail::noError();
    const auto status = table_->set_if_absent(host_, detail::str(key), detail::str(value), ttl.count(), &error);
    if (status == MORTISE_EXISTS) return false;
    check(status, error);
    return true;
  }
  // Adds to a number, counted from 0 when absent; `ttl` counts from its creation. Returns the sum.
  std::int64_t increment(std::string_view key, std::int64_t by, std::chrono::milliseconds ttl) const {
    auto error = detail::noError();
    std::int64_t value = 0;
    check(table_->increment(host_, detail::str(key), by, ttl.count(), &value, &error), error);
    return value;
  }
  // False when there was none.
  bool remove(std::string_view key) const {
    auto error = detail::noError();
    const auto status = table_->remove(host_, detail::str(key), &error);
    if (status == MORTISE_NOT_FOUND) return false;
    check(status, error);
    return true;
  }

 private:
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  mortise_host* host_;
  const Table* table_;
};

inline Cache Host::cache() const { return need<Cache>(); }

}  // namespace mortise::inline sdk1
