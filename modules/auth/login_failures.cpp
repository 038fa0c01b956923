#include "login_failures.hpp"

#include <mortise/problem.hpp>
#include <mortise/white_space.hpp>

#include "rate_limit.hpp"

namespace auth {
namespace {

constexpr const char* kOfName = "login_failures";
constexpr const char* kOfClient = "login_failures_ip";       // of one client for one name
constexpr const char* kShare = "login_failures_ip_counted";  // those of them that count for the name

bool hasLeft(const mortise::Limits& limits, const char* bucket, std::string_view key) {
  try {
    limits.take(bucket, key);
  } catch (const mortise::Problem& problem) {
    if (problem.status() != 429) throw;
    return false;
  }
  return true;
}

}  // namespace

std::string emailFailureKey(std::string_view email) { return std::string("email:").append(email); }

std::string nameFailureKey(const mortise::Identity& identity, std::string_view typed) {
  const auto user = identity.find(mortise::UserKey::username, typed);
  return std::string("name:").append(user ? user->username : mortise::withoutSpaceAround(typed));
}

LoginFailures::Attempt::Attempt(const LoginFailures& failures, std::string key)
    : failures_(failures), key_(std::move(key)) {
  try {
    count();
  } catch (...) {
    release();
    throw;
  }
}

void LoginFailures::Attempt::count() {
  takeLimit(failures_.limits_, kOfClient, key_);
  taken_.push_back(kOfClient);
  if (!hasLeft(failures_.limits_, kShare, key_)) return peekLimit(failures_.limits_, kOfName, key_);
  taken_.push_back(kShare);
  takeLimit(failures_.limits_, kOfName, key_);
  taken_.push_back(kOfName);
}

void LoginFailures::Attempt::release() noexcept {
  try {
    for (const char* bucket : taken_) failures_.limits_.refund(bucket, key_);
  } catch (...) {  // one failure too many stays counted for 15 minutes
  }
}

LoginFailures::Attempt::~Attempt() {
  if (!decided_) release();
}

void LoginFailures::Attempt::succeeded() {
  decided_ = true;
  for (const char* bucket : {kOfName, kShare, kOfClient}) failures_.limits_.reset(bucket, key_);
}

}  // namespace auth
