// The kernel's accounts, passwords, sessions and API keys, for modules that give them a face: identity/1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/identity.h"
#include "mortise/db.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// An account. Empty text = not set; times are microseconds since the epoch, 0 = never.
struct User {
  std::string id;  // UUID
  std::string username;
  std::string email;  // normalised
  std::string nickname;
  std::string avatar;              // URL
  std::optional<std::string> bio;  // an empty bio is not the same as none
  std::string role;                // user, admin, super_admin, viewer, guest
  std::string status;              // active, inactive, banned
  bool hasPassword = false;
  std::int64_t createdAt = 0;
  std::int64_t emailConfirmedAt = 0;
  std::int64_t number = 0;       // unique, counted from 1: for families whose ids are integers
  std::string tier;              // the account's own; admin for administrators
  std::int64_t lastLoginAt = 0;  // by password, code or cookie
};

// An account that was removed.
struct RemovedUser {
  std::int64_t number = 0;  // counted from 1 in the order in which the removals were committed
  std::string id;
  std::int64_t removedAt = 0;  // microseconds since the epoch
};

struct NewUser {
  std::string username;  // at least one of username and email, unless `unnamed`
  std::string email;
  std::string nickname;
  std::string password;      // hashed by the kernel, or
  std::string passwordHash;  // made earlier by hashPassword()
  std::int64_t emailConfirmedAt = 0;
  bool uniqueFolded = false;   // true: the user name is taken if another differs only in case
  std::string id{};            // a UUID that was handed out before; empty: the kernel makes one
  std::int64_t createdAt = 0;  // 0: now
  bool unnamed = false;        // may have neither user name nor address; then it needs a nickname
};

// What to change; an empty optional leaves the field, an empty text clears it (a user name cannot be cleared).
struct UserChange {
  std::optional<std::string> username{};
  std::optional<std::string> nickname{};
  std::optional<std::string> avatar{};
  std::optional<std::string> bio{};
  bool clearBio = false;  // no bio at all, instead of an empty one
  std::optional<std::string> status{};
  std::optional<std::string> role{};
  bool uniqueFolded = false;
  std::optional<std::string>
      passwordHash{};                 // from hashPassword(): a new password, and the end of all sessions and tokens
  std::int64_t emailConfirmedAt = 0;  // 0: leave
  std::optional<std::string> tier{};  // empty text: back to identity.default_tier
  bool endKeys = false;  // switches off every API key that runs as the user: the account passes to another person
};

enum class UserKey {
  id = MORTISE_USER_ID,
  username = MORTISE_USER_USERNAME,
  usernameFolded = MORTISE_USER_USERNAME_FOLDED,
  email = MORTISE_USER_EMAIL
};
enum class SessionKind { rotating = MORTISE_SESSION_ROTATING, stateless = MORTISE_SESSION_STATELESS };

struct Tokens {
  std::string accessToken;
  std::string refreshToken;
  std::int64_t expiresIn = 0;  // seconds, of the access token
  std::string sessionId;
  User user;
};

enum class KeyKind { user = MORTISE_KEY_USER, service = MORTISE_KEY_SERVICE };

// An API key to be. Lists are JSON lists of texts: R"(["tickets:read"])".
struct NewApiKey {
  std::string userId;  // whom it runs as
  std::string name{};
  KeyKind kind = KeyKind::user;
  std::string scopes{};  // needed by a service key; empty for a user's: all
  std::string orgId{};
  std::string projectIds{};    // empty: every project
  std::string createdBy{};     // empty: userId
  std::int64_t expiresAt = 0;  // 0: never
  // Id of the API key that the caller came with (request.principal().keyId): the new key ends no later than that one,
  // and is revoked with it.
  std::string mintedWith{};
};

struct ApiKey {
  std::string id;  // UUID
  std::string userId;
  KeyKind kind = KeyKind::user;
  std::string name;
  std::string prefix;  // to show
  std::string scopes;
  std::string orgId;
  std::string projectIds;
  std::int64_t createdAt = 0;
  std::string createdBy;
  std::int64_t expiresAt = 0;
  std::int64_t revokedAt = 0;
  std::string revokeReason;
  bool isActive = true;
  std::int64_t lastUsedAt = 0;
  std::string lastUsedIp;
  std::string raw;  // the text of the key: from mintKey(), and never again
};

// A browser session: reply.header("Set-Cookie", session.setCookie).
struct CookieSession {
  std::string sessionId;
  std::string userId;  // empty: anonymous
  std::string setCookie;
  std::string csrfToken;
};

// [worker]; password functions take tens of milliseconds. Failures throw Problem with the kernel's code:
// 404 user_not_found, 409 username_taken or email_taken, 401 for a wrong password or token, 503 unavailable (with
// Retry-After), 422.
class Identity {
 public:
  using Table = mortise_identity_v1;
  static constexpr const char* kInterface = MORTISE_IDENTITY_V1;
  Identity(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // The same inside a transaction of Db::transaction().
  Identity in(const Transaction& tx) const noexcept { return Identity(tx.host(), table_); }

  // Empty when there is no such user.
  std::optional<User> find(UserKey by, std::string_view key) const {
    Got<User> got;
    auto error = detail::noError();
    const auto status = table_->find(host_, cKey(by), detail::str(key), takeUser, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  User create(const NewUser& user) const {
    mortise_new_user c{};
    c.struct_size = sizeof c;
    c.username = detail::str(user.username);
    c.email = detail::str(user.email);
    c.nickname = detail::str(user.nickname);
    c.password = detail::str(user.password);
    c.password_hash = detail::str(user.passwordHash);
    c.email_confirmed_at = user.emailConfirmedAt;
    c.unique_folded = user.uniqueFolded ? 1 : 0;
    c.id = detail::str(user.id);
    c.created_at = user.createdAt;
    c.unnamed = user.unnamed ? 1 : 0;
    Got<User> got;
    auto error = detail::noError();
    const auto status = table_->create(host_, &c, takeUser, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  User change(std::string_view user_id, const UserChange& change) const {
    mortise_user_change c{};
    c.struct_size = sizeof c;
    c.username = given(change.username);
    c.nickname = given(change.nickname);
    c.avatar = given(change.avatar);
    c.bio = given(change.bio);
    c.clear_bio = change.clearBio ? 1 : 0;
    c.status = given(change.status);
    c.role = given(change.role);
    c.unique_folded = change.uniqueFolded ? 1 : 0;
    c.password_hash = given(change.passwordHash);
    c.email_confirmed_at = change.emailConfirmedAt;
    c.tier = given(change.tier);
    c.end_keys = change.endKeys ? 1 : 0;
    Got<User> got;
    auto error = detail::noError();
    const auto status = table_->change(host_, detail::str(user_id), &c, takeUser, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Newest first. `total`, when given, receives the number of all users.
  std::vector<User> list(std::int64_t skip, std::int64_t limit, std::int64_t* total = nullptr) const {
    Got<std::vector<User>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->list(
        host_, skip, limit,
        [](void* context, const mortise_user* user) {
          auto& out = *static_cast<Got<std::vector<User>>*>(context);
          out.keep([&] { out.value->push_back(copied(*user)); });
        },
        &got, total, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  void remove(std::string_view user_id) const {
    auto error = detail::noError();
    check(table_->remove(host_, detail::str(user_id), &error), error);
  }

  // Argon2id, self-describing text.
  std::string hashPassword(std::string_view password) const {
    Got<std::string> got;
    auto error = detail::noError();
    const auto status = table_->hash_password(
        host_, detail::str(password),
        [](void* context, mortise_str hash) {
          auto& out = *static_cast<Got<std::string>*>(context);
          out.keep([&] { out.value = detail::copied(hash); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Does a hash of hashPassword() fit the password? For passwords that are no account's, as of a link. Since SDK 1.1; Problem
  // 503 with an older kernel.
  bool checkHash(std::string_view hash, std::string_view password) const {
    if (!MORTISE_HAS(table_, mortise_identity_v1, check_hash))
      throw Problem(503, "unavailable").note("this kernel's identity/1 has no check_hash; run a newer one");
    auto error = detail::noError();
    const auto status = table_->check_hash(host_, detail::str(hash), detail::str(password), &error);
    if (status == MORTISE_DENIED) return false;
    check(status, error);
    return true;
  }
  // The user when the password fits, else empty, after the same work when there is no such user. The user's status is
  // not looked at.
  std::optional<User> checkPassword(UserKey by, std::string_view key, std::string_view password) const {
    Got<User> got;
    auto error = detail::noError();
    const auto status =
        table_->check_password(host_, cKey(by), detail::str(key), detail::str(password), takeUser, &got, &error);
    if (status == MORTISE_DENIED || status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Sets a new password and ends all sessions and tokens of the user.
  void setPassword(std::string_view user_id, std::string_view password) const {
    auto error = detail::noError();
    check(table_->set_password(host_, detail::str(user_id), detail::str(password), &error), error);
  }

  Tokens openSession(std::string_view user_id, SessionKind kind) const {
    Got<Tokens> got;
    auto error = detail::noError();
    const auto status = table_->open_session(host_, detail::str(user_id), static_cast<mortise_session_kind>(kind),
                                             takeTokens, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // A new pair for a refresh token of either kind. Problem 401 when it is unknown, expired, revoked or reused, or its
  // user is gone (code user_inactive when the account is not active).
  Tokens refresh(std::string_view refresh_token) const {
    Got<Tokens> got;
    auto error = detail::noError();
    const auto status = table_->refresh(host_, detail::str(refresh_token), takeTokens, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Ends the session that a rotating refresh token belongs to; no error when there is none.
  void closeSession(std::string_view refresh_token) const {
    auto error = detail::noError();
    check(table_->close_session(host_, detail::str(refresh_token), &error), error);
  }
  // Ends every session and token of a user, on every server.
  void revokeAll(std::string_view user_id) const {
    auto error = detail::noError();
    check(table_->revoke_all(host_, detail::str(user_id), &error), error);
  }

  // API keys. Problem 404 user_not_found or api_key_not_found, 403 account_disabled, 422, 401 when the key of
  // `mintedWith` ended a moment ago; 501 on a kernel without them.
  ApiKey mintKey(const NewApiKey& key) const {
    mortise_new_key c{};
    c.struct_size = sizeof c;
    c.kind = static_cast<mortise_key_kind>(key.kind);
    c.user_id = detail::str(key.userId);
    c.name = detail::str(key.name);
    c.scopes = detail::str(key.scopes);
    c.org_id = detail::str(key.orgId);
    c.project_ids = detail::str(key.projectIds);
    c.created_by = detail::str(key.createdBy);
    c.expires_at = key.expiresAt;
    c.minted_with = detail::str(key.mintedWith);
    needPrincipals();
    Got<ApiKey> got;
    auto error = detail::noError();
    const auto status = table_->mint_key(host_, &c, takeKey, &got, &error);
    checkAccount(status, error);
    return std::move(got.finish(kInterface));
  }
  // Newest first, dead ones too: of a user, of an organisation, or of both. At least one is given.
  std::vector<ApiKey> listKeys(std::string_view user_id, std::string_view org_id = {}) const {
    needPrincipals();
    Got<std::vector<ApiKey>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->list_keys(host_, detail::str(user_id), detail::str(org_id), takeKeys, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Off without a stamp: a plain 401. An empty `user_id` takes the key of any user.
  void deactivateKey(std::string_view user_id, std::string_view key_id) const {
    needPrincipals();
    auto error = detail::noError();
    check(table_->deactivate_key(host_, detail::str(user_id), detail::str(key_id), &error), error);
  }
  // 401 api_key_revoked from now on, also for every key that was minted with it, or with one of those. A second
  // revocation keeps the first stamp and reason.
  ApiKey revokeKey(std::string_view key_id, std::string_view reason) const {
    needPrincipals();
    Got<ApiKey> got;
    auto error = detail::noError();
    const auto status = table_->revoke_key(host_, detail::str(key_id), detail::str(reason), takeKey, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

  // Cookie sessions. `cookie_header`: request.header("Cookie") as it is; a forged or ended cookie counts as none.
  // The request's session, or a new anonymous one.
  CookieSession openCookie(std::string_view cookie_header) const {
    needPrincipals();
    Got<CookieSession> got;
    auto error = detail::noError();
    const auto status = table_->cookie_open(host_, detail::str(cookie_header), takeCookie, &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Signs the user in under a new session id; of the CSRF tokens fetched before, that of this request stays valid.
  CookieSession loginCookie(std::string_view cookie_header, std::string_view user_id) const {
    needPrincipals();
    Got<CookieSession> got;
    auto error = detail::noError();
    const auto status =
        table_->cookie_login(host_, detail::str(cookie_header), detail::str(user_id), takeCookie, &got, &error);
    checkAccount(status, error);
    return std::move(got.finish(kInterface));
  }
  // Signs out; the session and its CSRF tokens go on. No error when no user was signed in.
  void logoutCookie(std::string_view cookie_header) const {
    needPrincipals();
    auto error = detail::noError();
    check(table_->cookie_logout(host_, detail::str(cookie_header), &error), error);
  }
  // Empty when the request has no living session: use openCookie().
  std::optional<std::string> csrfToken(std::string_view cookie_header) const {
    needPrincipals();
    Got<std::string> got;
    auto error = detail::noError();
    const auto status = table_->csrf_token(host_, detail::str(cookie_header), takeText, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }

  // The accounts that were removed since this module last acknowledged one, oldest first, at most `limit` (1 to 1000).
  // `mortise/removed_users.hpp` does the rest. None with a kernel of before.
  std::vector<RemovedUser> removedUsers(std::int64_t limit = 100) const {
    Got<std::vector<RemovedUser>> got;
    got.value.emplace();
    if (!MORTISE_HAS(table_, mortise_identity_v1, acknowledge_removed_user)) return std::move(*got.value);
    auto error = detail::noError();
    const auto status = table_->removed_users(
        host_, limit,
        [](void* context, const mortise_removed_user* c) {
          auto& out = *static_cast<Got<std::vector<RemovedUser>>*>(context);
          out.keep([&] { out.value->push_back({c->number, detail::copied(c->id), c->removed_at}); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // This module keeps nothing of the removed account of this number and of all before it any more.
  void acknowledgeRemovedUser(std::int64_t number) const {
    if (!MORTISE_HAS(table_, mortise_identity_v1, acknowledge_removed_user)) return;
    auto error = detail::noError();
    check(table_->acknowledge_removed_user(host_, number, &error), error);
  }

 private:
  template <class T>
  using Got = detail::SinkResult<T>;

  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface, 401, "not_authenticated");
  }
  // Where what is denied is the account, not the caller.
  static void checkAccount(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface, 403, "account_disabled");
  }
  // The functions from mint_key on came later than the rest of the table.
  void needPrincipals() const {
    if (MORTISE_HAS(table_, mortise_identity_v1, csrf_token)) return;
    throw Problem(501, "not_implemented").note("this kernel's identity/1 has no API keys and no cookie sessions");
  }
  static mortise_user_key cKey(UserKey by) { return static_cast<mortise_user_key>(by); }
  static mortise_str given(const std::optional<std::string>& text) {
    return text ? mortise_str{text->c_str(), text->size()} : mortise_str{nullptr, 0};
  }
  static User copied(const mortise_user& c) {
    User user;
    user.id = detail::copied(c.id);
    user.username = detail::copied(c.username);
    user.email = detail::copied(c.email);
    user.nickname = detail::copied(c.nickname);
    user.avatar = detail::copied(c.avatar);
    if (c.has_bio != 0) user.bio = detail::copied(c.bio);
    user.role = detail::copied(c.role);
    user.status = detail::copied(c.status);
    user.hasPassword = c.has_password != 0;
    user.createdAt = c.created_at;
    user.emailConfirmedAt = c.email_confirmed_at;
    if (!MORTISE_HAS(&c, mortise_user, last_login_at)) return user;
    user.number = c.number;
    user.tier = detail::copied(c.tier);
    user.lastLoginAt = c.last_login_at;
    return user;
  }
  static void takeUser(void* context, const mortise_user* user) {
    auto& out = *static_cast<Got<User>*>(context);
    out.keep([&] { out.value = copied(*user); });
  }
  static void takeTokens(void* context, const mortise_tokens* c) {
    auto& out = *static_cast<Got<Tokens>*>(context);
    out.keep([&] {
      Tokens tokens;
      tokens.accessToken = detail::copied(c->access_token);
      tokens.refreshToken = detail::copied(c->refresh_token);
      tokens.expiresIn = c->expires_in;
      tokens.sessionId = detail::copied(c->session_id);
      if (c->user != nullptr) tokens.user = copied(*c->user);
      out.value = std::move(tokens);
    });
  }

  static ApiKey copied(const mortise_api_key& c) {
    ApiKey key;
    key.id = detail::copied(c.id);
    key.userId = detail::copied(c.user_id);
    key.kind = static_cast<KeyKind>(c.kind);
    key.name = detail::copied(c.name);
    key.prefix = detail::copied(c.prefix);
    key.scopes = detail::copied(c.scopes);
    key.orgId = detail::copied(c.org_id);
    key.projectIds = detail::copied(c.project_ids);
    key.createdAt = c.created_at;
    key.createdBy = detail::copied(c.created_by);
    key.expiresAt = c.expires_at;
    key.revokedAt = c.revoked_at;
    key.revokeReason = detail::copied(c.revoke_reason);
    key.isActive = c.is_active != 0;
    key.lastUsedAt = c.last_used_at;
    key.lastUsedIp = detail::copied(c.last_used_ip);
    key.raw = detail::copied(c.raw);
    return key;
  }
  static void takeKey(void* context, const mortise_api_key* key) {
    auto& out = *static_cast<Got<ApiKey>*>(context);
    out.keep([&] { out.value = copied(*key); });
  }
  static void takeKeys(void* context, const mortise_api_key* key) {
    auto& out = *static_cast<Got<std::vector<ApiKey>>*>(context);
    out.keep([&] { out.value->push_back(copied(*key)); });
  }
  static void takeCookie(void* context, const mortise_cookie_session* c) {
    auto& out = *static_cast<Got<CookieSession>*>(context);
    out.keep([&] {
      CookieSession session;
      session.sessionId = detail::copied(c->session_id);
      session.userId = detail::copied(c->user_id);
      session.setCookie = detail::copied(c->set_cookie);
      session.csrfToken = detail::copied(c->csrf_token);
      out.value = std::move(session);
    });
  }
  static void takeText(void* context, mortise_str text) {
    auto& out = *static_cast<Got<std::string>*>(context);
    out.keep([&] { out.value = detail::copied(text); });
  }

  mortise_host* host_;
  const Table* table_;
};

inline Identity Host::identity() const { return need<Identity>(); }

}  // namespace mortise::inline sdk1
