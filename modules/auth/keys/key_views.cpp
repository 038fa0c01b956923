#include "keys/key_views.hpp"

#include <mortise/time.hpp>

#include "views.hpp"

namespace auth {

namespace contract = auth_contract::keys;

bool isActive(const mortise::ApiKey& key) { return key.isActive && key.revokedAt == 0; }

bool isInUse(const mortise::ApiKey& key) {
  return isActive(key) && (key.expiresAt == 0 || key.expiresAt > mortise::nowMicros());
}

contract::ListedKey listedKeyView(const mortise::ApiKey& key) {
  return {.keyId = key.id,
          .name = mortise::orNull(key.name),
          .createdAt = mortise::isoTime(key.createdAt),
          .lastUsedAt = timeOrNull(key.lastUsedAt)};
}

contract::MintedKey mintedKeyView(const mortise::ApiKey& key) {
  return {.keyId = key.id,
          .rawKey = key.raw,
          .name = mortise::orNull(key.name),
          .createdAt = mortise::isoTime(key.createdAt)};
}

contract::PersonalKey personalKeyView(const mortise::ApiKey& key) {
  return {.id = key.id,
          .name = mortise::orNull(key.name),
          .keyPrefix = key.prefix,
          .createdAt = mortise::isoTime(key.createdAt),
          .expiresAt = timeOrNull(key.expiresAt),
          .lastUsedAt = timeOrNull(key.lastUsedAt),
          .lastUsedIp = mortise::orNull(key.lastUsedIp),
          .isActive = isActive(key)};
}

}  // namespace auth
