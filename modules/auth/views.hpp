// Accounts as several families show them.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "roles.hpp"

namespace auth {

// Empty: null.
std::optional<std::string> textOrNull(const std::string& text);
// Microseconds since the epoch; 0: null.
std::optional<std::string> timeOrNull(std::int64_t microseconds, mortise::TimeForm form = mortise::kIsoMicros);

// The agent platform's UserResponse, which two contracts state.
template <class UserResponse>
UserResponse accountView(const mortise::User& user) {
  return {.id = user.id,
          .username = textOrNull(user.username),
          .email = textOrNull(user.email),
          .nickname = textOrNull(user.nickname),
          .avatar = textOrNull(user.avatar),
          .role = isAdministrator(user.role) ? "super_admin" : "user",
          .status = user.status,
          .createdAt = mortise::isoTime(mortise::timeOf(user.createdAt), mortise::kIsoMillis)};
}

}  // namespace auth
