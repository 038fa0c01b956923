// API keys: long-lived credentials for programs. A key's text is shown once; the database stores only its SHA-256.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/identity/principal.hpp"
#include "core/identity/revision.hpp"

namespace mortise::identity {

// Times are microseconds since the epoch, 0 = never.
struct ApiKey {
  std::string id, userId, name, prefix, orgId, createdBy, revokeReason, lastUsedIp;
  KeyKind kind = KeyKind::user;
  std::vector<std::string> scopes;
  std::vector<std::string> projectIds;  // empty: every project
  std::int64_t createdAt = 0, expiresAt = 0, revokedAt = 0, lastUsedAt = 0;
  bool active = true;
  // A service key of an organisation that whoever it runs as, or whoever made it, does not administer any more: refused
  // until an administrator rotates it. Never for organisations that the kernel does not keep.
  bool rests = false;

  // Neither revoked nor switched off nor expired; requireUsable() says which. Whether it rests does not count.
  bool isUsable(std::int64_t now) const { return active && revokedAt == 0 && (expiresAt == 0 || expiresAt > now); }
};

struct NewApiKey {
  std::string userId, name;
  KeyKind kind = KeyKind::user;
  std::vector<std::string> scopes;  // empty for a user's key: {"*"}
  std::int64_t expiresAt = 0;
  std::string orgId, createdBy;  // createdBy empty: created by the user
  std::vector<std::string> projectIds;
  std::string mintedWith;  // id of the key that the caller came with: the new one ends no later, and is revoked with it
};

// To ["a","b"] and back; anything that is not a list of texts becomes empty.
std::string jsonList(const std::vector<std::string>& words);
std::vector<std::string> fromJsonList(std::string_view json);

// All but the constructor: [worker]. Every change makes cached principals stale.
class ApiKeys {
 public:
  ApiKeys(db::Database& database, Revision& revision) : database_(database), revision_(revision) {}

  // Whether a bearer credential is an API key rather than a token.
  static bool looksLikeOne(std::string_view credential) { return credential.starts_with("sk_"); }

  // `raw` receives the text of the key: "sk_sfs_" and 32 lowercase hex digits; it can't be shown again. Throws Problem
  // 404 user_not_found, 403 account_disabled, 422 validation_failed (a service key without scopes, an expiry in the
  // past), and those of requireUsable for `mintedWith`.
  ApiKey mint(const NewApiKey& request, std::string& raw);
  // Newest first, including dead keys. Of a user, of an organisation, or of both; at least one is not empty.
  std::vector<ApiKey> list(std::string_view userId, std::string_view orgId = {});
  // Switches a key off without a revocation stamp; those minted with it stay, so that a caller who has nothing but keys
  // can replace one by another. Empty `userId`: of any user. Throws Problem 404 api_key_not_found.
  void deactivate(std::string_view userId, std::string_view keyId);
  // Every key that runs as the user, within the caller's transaction; the caller advances the revision.
  static void deactivateOf(db::Connection& connection, std::string_view userId);
  // Also every key that was minted with it, or with one of those. A second revocation keeps the first stamp and reason.
  // Throws Problem 404 api_key_not_found.
  ApiKey revoke(std::string_view keyId, std::string_view reason);

  std::optional<ApiKey> find(std::string_view raw);
  static std::optional<ApiKey> find(db::Connection& connection, std::string_view raw);
  // Checks in the promised order: Problem 401 not_authenticated (unknown), api_key_revoked, not_authenticated
  // (inactive), api_key_expired.
  static void requireUsable(const std::optional<ApiKey>& key, std::int64_t now);
  // An integer column of a query of mortise_api_keys: not 0 for a key that rests.
  static const std::string& restsColumn();
  // Records the use, at most once a minute for each key. A failure of the database is only logged, because the caller
  // is authenticated all the same.
  void recordUse(const ApiKey& key, std::string_view address, std::int64_t now);

  // The following are parts of wider changes, inside their transaction; the caller advances the revision.
  // Service keys of the organisation that run as this user; empty `userId`: all of the organisation.
  static void revokeServiceKeys(db::Connection& connection, const std::string& orgId, const std::string& userId,
                                std::string_view reason);
  static void removeOf(db::Connection& connection, std::string_view userId);

 private:
  db::Database& database_;
  Revision& revision_;
};

}  // namespace mortise::identity
