#include "login_failures.hpp"

#include <mortise/problem.hpp>

#include <algorithm>

namespace auth {
namespace {

constexpr const char* kBucket = "login_failures";

}  // namespace

LoginFailures::Attempt::Attempt(const LoginFailures& failures, std::string key)
    : failures_(failures), key_(std::move(key)) {
  try {
    failures_.limits_.take(kBucket, key_);
  } catch (const mortise::Problem& problem) {
    if (problem.status() != 429) throw;
    const int wait = std::max(1, problem.retryAfter());
    const auto numbers = failures_.limits_.numbers(kBucket);
    throw mortise::Problem(429, "rate_limited")
        .with("seconds", wait)
        .retryAfter(wait)
        .details("{\"retry_after\":" + std::to_string(wait) + ",\"limit\":" + std::to_string(numbers.limit) +
                 ",\"window_seconds\":" + std::to_string(numbers.windowSeconds) + ",\"bucket\":\"auth\"}");
  }
}

LoginFailures::Attempt::~Attempt() {
  if (decided_) return;
  try {
    failures_.limits_.refund(kBucket, key_);
  } catch (...) {  // one failure too many stays counted for 15 minutes
  }
}

void LoginFailures::Attempt::succeeded() {
  decided_ = true;
  failures_.limits_.reset(kBucket, key_);
}

}  // namespace auth
