#include "login_failures.hpp"

#include <mortise/white_space.hpp>

#include "rate_limit.hpp"

namespace auth {
namespace {

constexpr const char* kBucket = "login_failures";

}  // namespace

std::string emailFailureKey(std::string_view email) { return std::string("email:").append(email); }

std::string nameFailureKey(const mortise::Identity& identity, std::string_view typed) {
  const auto user = identity.find(mortise::UserKey::username, typed);
  return std::string("name:").append(user ? user->username : mortise::withoutSpaceAround(typed));
}

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
