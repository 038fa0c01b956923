// The SQL of sign-in through other services, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auth {

// Who signs in through another service.
struct OauthAccount {
  std::string provider;
  std::string subject;  // the provider's id of the person
  std::string unionId;  // the same person across the provider's apps; empty: not told
  std::string userId;
  mortise::Time createdAt;
  mortise::Time lastLoginAt;

  static constexpr auto kFields = mortise::fields(
      "auth_oauth_accounts", mortise::field("provider", &OauthAccount::provider).key(),
      mortise::field("subject", &OauthAccount::subject).key(), mortise::field("union_id", &OauthAccount::unionId),
      mortise::field("user_id", &OauthAccount::userId), mortise::field("created_at", &OauthAccount::createdAt),
      mortise::field("last_login_at", &OauthAccount::lastLoginAt));
};

// A sign-in that was begun.
struct OauthState {
  std::string hash;
  mortise::Time expiresAt;

  static constexpr auto kFields =
      mortise::fields("auth_oauth_states", mortise::field("state_hash", &OauthState::hash).key(),
                      mortise::field("expires_at", &OauthState::expiresAt));
};

// Every member throws mortise::db::Error. [worker]
class OauthStore {
 public:
  explicit OauthStore(mortise::Db db) : db_(db) {}
  // The same inside a transaction.
  OauthStore in(const mortise::Transaction& tx) const { return OauthStore(db_.in(tx)); }

  std::optional<OauthAccount> find(std::string_view provider, std::string_view subject) const;
  // Throws Error{exists} when the subject has a user already.
  void add(const OauthAccount& account) const;
  // Writes the last login, and the union id that came with it.
  void recordLogin(const OauthAccount& account) const;
  // Everything of a deleted user.
  void forget(std::string_view userId) const;

  void rememberState(const OauthState& state) const;
  // True for exactly one caller, before it expires.
  bool takeState(std::string_view hash, mortise::Time now) const;
  // Drops expired states; returns how many.
  std::int64_t purgeStates(mortise::Time now) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
