#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace mortise::identity {

struct Options {
  std::string secret;  // >= 32 bytes: signs HS256 tokens, derives every other key (HKDF-like, by purpose)
  std::string jwtAlgorithm = "HS256";   // HS256 | RS256 | ES256
  std::string jwtKeyFile;               // PEM private key for RS256 / ES256
  std::size_t argon2Memory = 64 << 20;  // bytes
  unsigned argon2Passes = 2;
  unsigned passwordConcurrency = 0;           // 0 = cores - 1, at least 1
  std::size_t passwordQueue = 64;             // callers that may wait; further ones get unavailable with retry after
  std::chrono::seconds accessLifetime{3600};  // rotating sessions (runtime family)
  std::chrono::seconds refreshLifetime{30 * 86400};  // without use
  std::chrono::seconds refreshGrace{10};
  std::chrono::seconds statelessAccessLifetime{1800};  // agent platform
  std::chrono::seconds statelessRefreshLifetime{7 * 86400};
  std::chrono::seconds cookieLifetime{7 * 86400};  // of a signed-in cookie session without use
  bool secureCookies = false;                      // clients use https
  std::string defaultTier = "enterprise";          // of accounts without their own tier
  std::string upgradeUrl;                          // for callers whose tier is too low
  std::string revisionFile;  // data/identity.revision: shared counter of several processes on one SQLite; empty =
                             // database is shared, no cache
};

}  // namespace mortise::identity
