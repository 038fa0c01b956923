#include "views.hpp"

#include "iso_time.hpp"
#include "roles.hpp"
#include "web_url.hpp"

namespace auth {

namespace json = mortise::json;

json::Item textOrNull(const std::string& text) { return text.empty() ? json::Item(nullptr) : json::Item(text); }

json::Value sessionView(const mortise::Tokens& tokens) {
  return json::object({{"access_token", tokens.accessToken},
                       {"refresh_token", tokens.refreshToken},
                       {"expires_in", tokens.expiresIn},
                       {"token_type", "bearer"},
                       {"user", json::object({{"id", tokens.user.id}, {"email", textOrNull(tokens.user.email)}})}});
}

json::Value profileView(const mortise::User& user) {
  // The agent platform takes any text as an avatar; this family promises a URL.
  const bool isUrl = WebUrl::parse(user.avatar).has_value();
  return json::object({{"id", user.id},
                       {"username", textOrNull(user.username)},
                       {"avatar_url", isUrl ? json::Item(user.avatar) : json::Item(nullptr)},
                       {"bio", user.bio}});
}

json::Value foundUserView(std::string_view id, std::string_view email, std::int64_t createdAt,
                          std::int64_t emailConfirmedAt) {
  const std::string confirmed = emailConfirmedAt == 0 ? std::string() : isoTime(emailConfirmedAt);
  return json::object({{"id", id},
                       {"email", email},
                       {"created_at", isoTime(createdAt)},
                       {"email_confirmed_at", textOrNull(confirmed)}});
}

json::Value accountView(const mortise::User& user) {
  return json::object({{"id", user.id},
                       {"username", textOrNull(user.username)},
                       {"email", textOrNull(user.email)},
                       {"nickname", textOrNull(user.nickname)},
                       {"avatar", textOrNull(user.avatar)},
                       {"role", isAdministrator(user.role) ? "super_admin" : "user"},
                       {"status", user.status},
                       {"created_at", isoTime(user.createdAt)}});
}

json::Value tokensView(const mortise::Tokens& tokens) {
  return json::object(
      {{"access_token", tokens.accessToken}, {"refresh_token", tokens.refreshToken}, {"token_type", "bearer"}});
}

json::Value loginView(const mortise::Tokens& tokens) {
  return json::object({{"user", accountView(tokens.user)}, {"tokens", tokensView(tokens)}});
}

}  // namespace auth
