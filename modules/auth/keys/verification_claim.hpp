// What a verification link says: which account claims which address, and until when. Plain C++; the kernel seals it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

struct VerificationClaim {
  std::int64_t expiresAt = 0;  // microseconds since the epoch
  std::string userId;
  std::string email;

  std::string text() const;
  // Empty when it is not a text that text() makes.
  static std::optional<VerificationClaim> parse(std::string_view text);
};

}  // namespace auth
