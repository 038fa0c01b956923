#include "oauth_store.hpp"

namespace auth {

std::optional<std::string> OauthStore::findUser(std::string_view provider, std::string_view subject) const {
  return db_.queryOne<std::string>(
      "SELECT user_id FROM auth_oauth_accounts WHERE provider = :provider AND subject = :subject",
      {{"provider", provider}, {"subject", subject}});
}

bool OauthStore::add(std::string_view provider, std::string_view subject, std::string_view unionId,
                     std::string_view userId, std::int64_t now) const {
  return db_.execute(
             "INSERT INTO auth_oauth_accounts (provider, subject, union_id, user_id, created_at, last_login_at) "
             "VALUES (:provider, :subject, :union_id, :user_id, :now, :now) ON CONFLICT (provider, subject) DO NOTHING",
             {{"provider", provider}, {"subject", subject}, {"union_id", unionId}, {"user_id", userId}, {"now", now}}) >
         0;
}

void OauthStore::touch(std::string_view provider, std::string_view subject, std::string_view unionId,
                       std::int64_t now) const {
  db_.execute(
      "UPDATE auth_oauth_accounts SET last_login_at = :now, union_id = CASE WHEN :union_id = '' THEN union_id ELSE "
      ":union_id END WHERE provider = :provider AND subject = :subject",
      {{"now", now}, {"union_id", unionId}, {"provider", provider}, {"subject", subject}});
}

void OauthStore::forget(std::string_view userId) const {
  db_.execute("DELETE FROM auth_oauth_accounts WHERE user_id = :user_id", {{"user_id", userId}});
}

void OauthStore::rememberState(std::string_view hash, std::int64_t expiresAt) const {
  db_.execute(
      "INSERT INTO auth_oauth_states (state_hash, expires_at) VALUES (:hash, :expires_at) "
      "ON CONFLICT (state_hash) DO UPDATE SET expires_at = excluded.expires_at",
      {{"hash", hash}, {"expires_at", expiresAt}});
}

bool OauthStore::takeState(std::string_view hash, std::int64_t now) const {
  return db_.execute("DELETE FROM auth_oauth_states WHERE state_hash = :hash AND expires_at > :now",
                     {{"hash", hash}, {"now", now}}) > 0;
}

std::int64_t OauthStore::purgeStates(std::int64_t now) const {
  return db_.execute("DELETE FROM auth_oauth_states WHERE expires_at <= :now", {{"now", now}});
}

}  // namespace auth
