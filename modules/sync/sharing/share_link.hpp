// A link to a captured session that opens without an account.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>

namespace session_sharing {

struct ShareLink {
  std::string id;  // UUID
  std::string sessionId;
  std::string userId;        // whose session it is
  std::string tokenDigest;   // SHA-256 of its token, in hex
  std::string passwordHash;  // empty: no password
  mortise::Time createdAt;
  mortise::Time expiresAt;
  std::optional<mortise::Time> revokedAt;

  static constexpr auto kFields =
      mortise::fields("sync_share_links", mortise::field("id", &ShareLink::id).key(),
                      mortise::field("session_id", &ShareLink::sessionId).fixed(),
                      mortise::field("user_id", &ShareLink::userId).fixed(),
                      mortise::field("token_digest", &ShareLink::tokenDigest).fixed().hidden(),
                      mortise::field("password_hash", &ShareLink::passwordHash).fixed().hidden(),
                      mortise::field("created_at", &ShareLink::createdAt).fixed(),
                      mortise::field("expires_at", &ShareLink::expiresAt).fixed(),
                      mortise::field("revoked_at", &ShareLink::revokedAt))
          .times(mortise::kIsoMicros);
};

}  // namespace session_sharing
