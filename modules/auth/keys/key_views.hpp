// The JSON of keys and of the caller's own account in the session sharing family.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/json.hpp>

#include <cstdint>

namespace auth {

// Neither revoked nor switched off. An expired key still counts: the client shows its expiry.
bool isActive(const mortise::ApiKey& key);

// {key_id, name, created_at, last_used_at}
mortise::json::Value listedKeyView(const mortise::ApiKey& key);
// {key_id, raw_key, name, created_at}, of a key just made.
mortise::json::Value mintedKeyView(const mortise::ApiKey& key);
// {id, name, key_prefix, ...}; a key just made has its raw text as `key`, too.
mortise::json::Value personalKeyView(const mortise::ApiKey& key);

// A moment with six digits; 0 is null.
mortise::json::Value timeOrNull(std::int64_t microseconds);

}  // namespace auth
