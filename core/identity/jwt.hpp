// Signs and checks compact JWTs (RFC 7515, 7519) with one configured algorithm and key. Immutable: thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::identity {

class JwtKey {
 public:
  // HS256 signs with `secret`; RS256 (>= 2048 bits) and ES256 (P-256) with the PEM private key in `keyFile`.
  // Throws std::runtime_error with one sentence.
  JwtKey(std::string_view algorithm, std::string_view secret, const std::string& keyFile);
  ~JwtKey();

  std::string sign(std::string_view claimsJson) const;
  // The JSON text of the claims when the header names exactly the configured algorithm and the signature is valid; the
  // claims themselves are not checked.
  std::optional<std::string> open(std::string_view token) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::identity
