// Accounts, sessions and profiles as the two families show them.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace auth {

// Borrows `text`, as every json::Item does.
mortise::json::Item textOrNull(const std::string& text);

// Runtime family.
mortise::json::Value sessionView(const mortise::Tokens& tokens);
mortise::json::Value profileView(const mortise::User& user);
mortise::json::Value foundUserView(std::string_view id, std::string_view email, std::int64_t createdAt,
                                   std::int64_t emailConfirmedAt);

// Agent platform.
mortise::json::Value accountView(const mortise::User& user);
mortise::json::Value tokensView(const mortise::Tokens& tokens);
mortise::json::Value loginView(const mortise::Tokens& tokens);

}  // namespace auth
