// Rate-limit buckets of the module's contracts, for keys that only the handler knows: limits/1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mortise/abi/limits.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// What holds for a bucket: `limit` units per `windowSeconds`. Both 0: the operator switched it off.
struct LimitNumbers {
  std::int64_t limit = 0;
  std::int64_t windowSeconds = 0;
};

// [worker]. `bucket` is a name under x-mortise-buckets of a contract; `key` an e-mail address, an account (stored
// hashed). Buckets keyed by address, user or credential are taken by the kernel before the handler runs.
class Limits {
 public:
  using Table = mortise_limits_v1;
  static constexpr const char* kInterface = MORTISE_LIMITS_V1;
  Limits(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // Takes one unit. Throws Problem 429 with Retry-After when the limit is reached, 503 when a configured store is down.
  void take(std::string_view bucket, std::string_view key) const { call(table_->take, bucket, key); }
  // As take, but takes nothing: would it be refused?
  void peek(std::string_view bucket, std::string_view key) const { call(table_->peek, bucket, key); }
  // Gives the last taken unit back (a mail that could not be sent).
  void refund(std::string_view bucket, std::string_view key) const { call(table_->refund, bucket, key); }
  // Forgets everything about the key (failures after a success).
  void reset(std::string_view bucket, std::string_view key) const { call(table_->reset, bucket, key); }
  // The numbers of the contract, or the operator's in their place (limits.override): for messages that name them. [any]
  // Problem 500 for a bucket that no contract of the module declares, 503 with an older kernel.
  LimitNumbers numbers(std::string_view bucket) const {
    if (!MORTISE_HAS(table_, mortise_limits_v1, numbers))
      throw Problem(503, "unavailable").note("this kernel's limits/1 has no numbers; run a newer one");
    LimitNumbers numbers;
    auto error = detail::noError();
    const auto status = table_->numbers(host_, detail::str(bucket), &numbers.limit, &numbers.windowSeconds, &error);
    check(status, error, bucket);
    return numbers;
  }

 private:
  using Function = mortise_status (*)(mortise_host*, mortise_str, mortise_str, mortise_error*);
  void call(Function function, std::string_view bucket, std::string_view key) const {
    auto error = detail::noError();
    const auto status = function(host_, detail::str(bucket), detail::str(key), &error);
    check(status, error, bucket);
  }
  static void check(mortise_status status, const mortise_error& error, std::string_view bucket) {
    if (status == MORTISE_NOT_FOUND)
      throw Problem(500, "internal").note("no contract declares the bucket " + std::string(bucket));
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface, 429, "rate_limited");
  }

  mortise_host* host_;
  const Table* table_;
};

inline Limits Host::limits() const { return need<Limits>(); }

}  // namespace mortise::inline sdk1
