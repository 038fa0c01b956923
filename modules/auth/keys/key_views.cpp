#include "keys/key_views.hpp"

#include <mortise/time.hpp>

#include "views.hpp"

namespace auth {

namespace json = mortise::json;

json::Value timeOrNull(std::int64_t microseconds) {
  return microseconds == 0 ? json::value(nullptr) : json::value(mortise::isoTime(microseconds));
}

bool isActive(const mortise::ApiKey& key) { return key.isActive && key.revokedAt == 0; }

json::Value listedKeyView(const mortise::ApiKey& key) {
  return json::object({{"key_id", key.id},
                       {"name", textOrNull(key.name)},
                       {"created_at", timeOrNull(key.createdAt)},
                       {"last_used_at", timeOrNull(key.lastUsedAt)}});
}

json::Value mintedKeyView(const mortise::ApiKey& key) {
  return json::object({{"key_id", key.id},
                       {"raw_key", key.raw},
                       {"name", textOrNull(key.name)},
                       {"created_at", timeOrNull(key.createdAt)}});
}

json::Value personalKeyView(const mortise::ApiKey& key) {
  json::Object view;
  view.add("id", key.id)
      .add("name", textOrNull(key.name))
      .add("key_prefix", key.prefix)
      .add("created_at", timeOrNull(key.createdAt))
      .add("expires_at", timeOrNull(key.expiresAt))
      .add("last_used_at", timeOrNull(key.lastUsedAt))
      .add("last_used_ip", textOrNull(key.lastUsedIp))
      .add("is_active", isActive(key));
  if (!key.raw.empty()) view.add("key", key.raw);
  return view;
}

}  // namespace auth
