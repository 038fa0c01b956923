// Tokens: random ones, and signed ones over OpenSSL.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace session_sharing {

// `size` (1..64) random bytes as twice as many lowercase hex digits, for tokens and secrets. Throws std::system_error
// when the system has no random bytes. [any]
std::string randomHex(std::size_t size);

// A JSON Web Token of `claims` (the text of a JSON object), signed with RS256. Throws std::runtime_error when `pem`
// holds no private RSA key. [any]
std::string signedToken(std::string_view claims, const std::string& pem);

}  // namespace session_sharing
