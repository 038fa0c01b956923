// The tier that applies to an account.
#pragma once

#include <string>
#include <utility>

#include "core/identity/user.hpp"

namespace mortise::identity {

// Immutable: thread-safe.
class Tiers {
 public:
  // `fallback`: the tier of accounts without their own.
  explicit Tiers(std::string fallback) : fallback_(std::move(fallback)) {}

  // The account's own tier. Administrators have "admin".
  std::string own(const User& user) const;
  // The tier that applies: that of its organisation, if it is in one.
  std::string effective(const User& user) const;

 private:
  const std::string fallback_;
};

}  // namespace mortise::identity
