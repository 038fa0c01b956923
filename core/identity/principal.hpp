// Who calls, as every part of the kernel sees it. Immutable; shared between requests through the principal cache.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace mortise::identity {

enum class Credential : std::uint8_t { none, bearer, key, cookie, query };

struct Principal {
  Credential credential = Credential::none;
  std::string userId;
  std::string username;
  std::string email;
  std::string role;    // kernel role
  std::string status;  // active, inactive, banned
  std::string sessionId;
  std::string keyId;
  std::int64_t expiresAt = 0;  // seconds; of the token
  std::shared_ptr<const std::unordered_set<std::string>> permissions;

  bool signedIn() const { return credential != Credential::none; }
  bool permitted(const std::string& permission) const { return permissions && permissions->contains(permission); }
};
using PrincipalPtr = std::shared_ptr<const Principal>;

}  // namespace mortise::identity
