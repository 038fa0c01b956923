#include "login_failures.hpp"

#include "rate_limit.hpp"

namespace auth {
namespace {

constexpr const char* kBucket = "login_failures";

}  // namespace

LoginFailures::Attempt::Attempt(const LoginFailures& failures, std::string key)
    : failures_(failures), key_(std::move(key)) {
  takeLimit(failures_.limits_, kBucket, key_);
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
