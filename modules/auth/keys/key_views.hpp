// Keys as the session sharing family shows them.
#pragma once

#include <mortise/identity.hpp>

#include <string>
#include <string_view>

#include "auth_contract.hpp"

namespace auth {

// Neither revoked nor switched off. An expired key still counts: the client shows its expiry.
bool isActive(const mortise::ApiKey& key);
// Active and not expired: it opens requests.
bool isInUse(const mortise::ApiKey& key);

auth_contract::keys::ListedKey listedKeyView(const mortise::ApiKey& key);
// Of a key just made.
auth_contract::keys::MintedKey mintedKeyView(const mortise::ApiKey& key);
auth_contract::keys::PersonalKey personalKeyView(const mortise::ApiKey& key);

}  // namespace auth
