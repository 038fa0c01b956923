#include "oauth_store.hpp"

#include <mortise/rows.hpp>

namespace auth {

namespace db = mortise::db;
using mortise::Time;

std::optional<OauthAccount> OauthStore::find(std::string_view provider, std::string_view subject) const {
  return db::find<OauthAccount>(db_, provider, subject);
}

void OauthStore::add(const OauthAccount& account) const { db::insert(db_, account); }

void OauthStore::recordLogin(const OauthAccount& account) const {
  db::update<&OauthAccount::unionId, &OauthAccount::lastLoginAt>(db_, account);
}

void OauthStore::forget(std::string_view userId) const {
  db_.execute("DELETE FROM auth_oauth_accounts WHERE user_id = :user_id", {{"user_id", userId}});
}

void OauthStore::rememberState(const OauthState& state) const { db::upsert(db_, state); }

bool OauthStore::takeState(std::string_view hash, Time now) const {
  return db_.execute("DELETE FROM auth_oauth_states WHERE state_hash = :hash AND expires_at > :now",
                     {{"hash", hash}, {"now", now}}) > 0;
}

std::int64_t OauthStore::purgeStates(Time now) const {
  return db_.execute("DELETE FROM auth_oauth_states WHERE expires_at <= :now", {{"now", now}});
}

}  // namespace auth
