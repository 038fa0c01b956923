// What of a user's GitLab may not lie in the database as it is.
#pragma once

#include <mortise/digest.hpp>
#include <mortise/secrets.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace session_sharing {

// [any]
class GitlabSecrets {
 public:
  explicit GitlabSecrets(const mortise::Secrets& secrets)
      : secrets_(secrets), hashKey_(secrets.derive("GitLab webhook secrets")) {}

  std::string sealed(std::string_view token) const { return secrets_.seal(kTokenPurpose, token); }
  // Empty when it can't be read any more.
  std::optional<std::string> unsealed(std::string_view token) const { return secrets_.unseal(kTokenPurpose, token); }
  std::string hash(std::string_view webhookSecret) const { return mortise::hmacSha256Hex(hashKey_, webhookSecret); }

 private:
  static constexpr const char* kTokenPurpose = "GitLab access token";
  mortise::Secrets secrets_;
  std::string hashKey_;
};

}  // namespace session_sharing
