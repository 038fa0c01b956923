// Accounts and organisations as platform administrators of session sharing see them.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/json.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>
#include <optional>

namespace auth {

// ManagedUser of the contract; more may be added.
mortise::json::Object managedUser(const mortise::User& user);
// ManagedUser, the organisation it belongs to, and its keys.
mortise::json::Value managedUserDetails(const mortise::User& user, const std::optional<mortise::Org>& org,
                                        const std::optional<mortise::Member>& member, std::int64_t keysInUse);
mortise::json::Value managedOrgView(const mortise::Org& org);

}  // namespace auth
