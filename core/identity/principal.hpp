// The caller of a request, for every part of the kernel. Immutable; the principal cache shares it between requests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace mortise::identity {

// The rights of an API key: all of its user's, or only its scopes.
enum class KeyKind : std::uint8_t { user, service };

enum class Credential : std::uint8_t { none, bearer, key, cookie, query };

struct Principal {
  Credential credential = Credential::none;
  std::string userId;
  std::string username;
  std::string email;
  std::string role;    // kernel role
  std::string status;  // active, inactive, banned
  std::int64_t number = 0;
  bool emailConfirmed = false;
  std::string tier;     // effective
  std::string orgId;    // empty: in no organisation
  std::string orgRole;  // owner, admin, member
  std::string sessionId;
  std::int64_t tokenGeneration = 0;  // of the account, when the principal was read
  std::string keyId;
  std::int64_t expiresAt = 0;                                          // seconds; of the token, key or session
  std::shared_ptr<const std::unordered_set<std::string>> permissions;  // of the account

  // Of an API key; empty for other credentials.
  KeyKind kind = KeyKind::user;
  std::shared_ptr<const std::unordered_set<std::string>> scopes;
  std::string keyName;
  std::string keyOrgId;
  std::string keyProjectIds;  // JSON list; empty: every project
  bool keyRests = false;      // see ApiKey::rests

  bool signedIn() const { return credential != Credential::none; }
  bool isServiceKey() const { return credential == Credential::key && kind == KeyKind::service; }
  bool accountPermitted(const std::string& permission) const {
    return permissions && permissions->contains(permission);
  }
  // A service key has no permission by itself: only the scopes of the called operation admit it.
  bool permitted(const std::string& permission) const { return !isServiceKey() && accountPermitted(permission); }
};
using PrincipalPtr = std::shared_ptr<const Principal>;

}  // namespace mortise::identity
