#include "rate_limit.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <string>

namespace auth {

namespace {

template <typename Call>
void withLimitDetails(const mortise::Limits& limits, std::string_view bucket, Call call) {
  try {
    call();
  } catch (const mortise::Problem& problem) {
    if (problem.status() != 429) throw;
    const int wait = std::max(1, problem.retryAfter());
    const auto numbers = limits.numbers(bucket);
    throw mortise::Problem(429, "rate_limited")
        .with("seconds", wait)
        .retryAfter(wait)
        .details(mortise::json::object({{"retry_after", wait},
                                        {"limit", numbers.limit},
                                        {"window_seconds", numbers.windowSeconds},
                                        {"bucket", "auth"}}));
  }
}

}  // namespace

void takeLimit(const mortise::Limits& limits, std::string_view bucket, std::string_view key) {
  withLimitDetails(limits, bucket, [&] { limits.take(bucket, key); });
}

void peekLimit(const mortise::Limits& limits, std::string_view bucket, std::string_view key) {
  withLimitDetails(limits, bucket, [&] { limits.peek(bucket, key); });
}

}  // namespace auth
