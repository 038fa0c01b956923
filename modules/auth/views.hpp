// Accounts as several families show them.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/text.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace auth {

// Microseconds since the epoch; 0: null.
std::optional<std::string> timeOrNull(std::int64_t microseconds, mortise::TimeForm form = mortise::kIsoMicros);

// The agent platform's UserResponse, which two contracts state.
template <class UserResponse>
UserResponse accountView(const mortise::User& user) {
  return {.id = user.id,
          .username = mortise::orNull(user.username),
          .email = mortise::orNull(user.email),
          .nickname = mortise::orNull(user.nickname),
          .avatar = mortise::orNull(user.avatar),
          // The platform knows two roles; of the kernel's, one alone has what the platform gives to super_admin.
          .role = user.role == "super_admin" ? "super_admin" : "user",
          .status = user.status,
          .createdAt = mortise::isoTime(mortise::timeOf(user.createdAt), mortise::kIsoMillis)};
}

}  // namespace auth
