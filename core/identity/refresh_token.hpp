// Refresh tokens of rotating sessions: base64url(session id, generation, HMAC). Derived, never stored
// (docs/decisions/0003).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::identity {

struct RefreshClaim {
  std::string sessionId;  // UUID text
  std::int64_t generation = 0;
};

class RefreshTokens {
 public:
  explicit RefreshTokens(std::string key) : key_(std::move(key)) {}
  std::string make(const std::string& sessionId, std::int64_t generation) const;
  // nullopt: not issued by this server.
  std::optional<RefreshClaim> read(std::string_view token) const;

 private:
  std::string key_;
};

}  // namespace mortise::identity
