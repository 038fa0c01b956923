// Which tier counts for an account.
#pragma once

#include <string>
#include <utility>

#include "core/identity/user.hpp"

namespace mortise::identity {

// Immutable: thread-safe.
class Tiers {
 public:
  // `fallback`: of accounts without one of their own.
  explicit Tiers(std::string fallback) : fallback_(std::move(fallback)) {}

  // The account's own. Administrators have "admin".
  std::string own(const User& user) const;
  // The one that counts: its organisation's, when it is in one.
  std::string effective(const User& user) const;

 private:
  const std::string fallback_;
};

}  // namespace mortise::identity
