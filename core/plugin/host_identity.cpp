// identity/1 over identity::Identity.
#include <algorithm>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/db/after_commit.hpp"
#include "core/http/cookies.hpp"
#include "core/plugin/call.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/on_identity.hpp"
#include "core/services/events/events.hpp"
#include "mortise/abi/identity.h"

namespace mortise::plugin {
namespace {

using identity::Identity;
using identity::User;

// `tier` is the account's own. Points into the arguments.
mortise_user faceOf(const User& user, const std::string& tier) {
  return {.struct_size = sizeof(mortise_user),
          .id = str(user.id),
          .username = str(user.username),
          .email = str(user.email),
          .nickname = str(user.nickname),
          .avatar = str(user.avatar),
          .bio = user.bio ? str(*user.bio) : mortise_str{},
          .has_bio = user.bio ? 1 : 0,
          .role = str(user.role),
          .status = str(user.status),
          .has_password = user.passwordHash.empty() ? 0 : 1,
          .created_at = user.createdAt,
          .email_confirmed_at = user.emailConfirmedAt,
          .number = user.number,
          .tier = str(tier),
          .last_login_at = user.lastLoginAt};
}

void give(const Identity& identity, const User& user, mortise_user_sink sink, void* context) {
  if (sink == nullptr) return;
  const auto tier = identity.ownTier(user);
  const auto face = faceOf(user, tier);
  sink(context, &face);
}

void give(const Identity& identity, const identity::Tokens& tokens, mortise_tokens_sink sink, void* context) {
  if (sink == nullptr) return;
  const auto tier = identity.ownTier(tokens.user);
  const auto user = faceOf(tokens.user, tier);
  const mortise_tokens face{.struct_size = sizeof(mortise_tokens),
                            .access_token = str(tokens.accessToken),
                            .refresh_token = str(tokens.refreshToken),
                            .expires_in = tokens.expiresIn,
                            .session_id = str(tokens.sessionId),
                            .user = &user};
  sink(context, &face);
}

void give(const identity::ApiKey& key, const std::string& raw, mortise_api_key_sink sink, void* context) {
  if (sink == nullptr) return;
  const auto scopes = identity::jsonList(key.scopes);
  const auto projects = identity::jsonList(key.projectIds);
  const mortise_api_key face{.struct_size = sizeof(mortise_api_key),
                             .kind = key.kind == identity::KeyKind::user ? MORTISE_KEY_USER : MORTISE_KEY_SERVICE,
                             .id = str(key.id),
                             .user_id = str(key.userId),
                             .name = str(key.name),
                             .prefix = str(key.prefix),
                             .scopes = str(scopes),
                             .org_id = str(key.orgId),
                             .project_ids = str(projects),
                             .created_at = key.createdAt,
                             .created_by = str(key.createdBy),
                             .expires_at = key.expiresAt,
                             .revoked_at = key.revokedAt,
                             .revoke_reason = str(key.revokeReason),
                             .is_active = key.active ? 1 : 0,
                             .last_used_at = key.lastUsedAt,
                             .last_used_ip = str(key.lastUsedIp),
                             .raw = str(raw)};
  sink(context, &face);
}

void give(const identity::CookieSessions& sessions, const identity::CookieSession& session,
          mortise_cookie_session_sink sink, void* context) {
  if (sink == nullptr) return;
  const auto setCookie = sessions.setCookie(session);
  const auto token = sessions.csrfToken(session, nowMicros());
  const mortise_cookie_session face{.struct_size = sizeof(mortise_cookie_session),
                                    .session_id = str(session.id),
                                    .user_id = str(session.userId),
                                    .set_cookie = str(setCookie),
                                    .csrf_token = str(token)};
  sink(context, &face);
}

std::string_view sessionCookie(mortise_str header) {
  return http::cookieFrom(view(header), identity::CookieSessions::kName);
}

// Absent, or a JSON list of texts.
bool listFrom(mortise_str text, std::vector<std::string>& into) {
  if (text.size == 0) return true;
  json::Document document;
  json::ParseError error;
  if (!json::parse(view(text), document, error) || !document.IsArray()) return false;
  for (const auto& word : document.GetArray()) {
    if (!word.IsString()) return false;
    into.emplace_back(json::view(word));
  }
  return true;
}

bool keyFrom(mortise_user_key by, identity::UserKey& key) {
  switch (by) {
    case MORTISE_USER_ID:
      key = identity::UserKey::id;
      return true;
    case MORTISE_USER_USERNAME:
      key = identity::UserKey::username;
      return true;
    case MORTISE_USER_USERNAME_FOLDED:
      key = identity::UserKey::usernameFolded;
      return true;
    case MORTISE_USER_EMAIL:
      key = identity::UserKey::email;
      return true;
    default:
      return false;
  }
}

mortise_status unknownKey(mortise_error* error) {
  return answer(error, MORTISE_INVALID, "unknown_key", "mortise_user_key has a value this kernel does not know");
}

extern "C" {

mortise_status identityFind(mortise_host* host, mortise_user_key by, mortise_str key, mortise_user_sink sink,
                            void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 find", error, [&](Identity& identity) {
    identity::UserKey kind{};
    if (!keyFrom(by, kind)) return unknownKey(error);
    const auto user = identity.find(kind, view(key));
    if (!user) return answer(error, MORTISE_NOT_FOUND, "user_not_found", "no such user");
    give(identity, *user, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCreate(mortise_host* host, const mortise_new_user* user, mortise_user_sink sink, void* context,
                              mortise_error* error) {
  if (!MORTISE_COMPLETE(user, mortise_new_user, unique_folded)) return tooShort(error, "mortise_new_user");
  return onIdentity(host, "identity/1 create", error, [&](Identity& identity) {
    identity::NewUser newUser;
    newUser.username = copy(user->username);
    newUser.email = copy(user->email);
    newUser.nickname = copy(user->nickname);
    newUser.password = copy(user->password);
    newUser.passwordHash = copy(user->password_hash);
    if (transactionOf(host) != nullptr && newUser.passwordHash.empty() && !newUser.password.empty())
      return answer(error, MORTISE_INVALID, "no_part",
                    "a password is not hashed inside a transaction, which would hold up every writer; call "
                    "hash_password before it and give password_hash");
    newUser.emailConfirmedAt = user->email_confirmed_at;
    newUser.uniqueFolded = user->unique_folded != 0;
    if (MORTISE_HAS(user, mortise_new_user, id)) newUser.id = copy(user->id);
    if (MORTISE_HAS(user, mortise_new_user, created_at)) newUser.createdAt = user->created_at;
    if (MORTISE_HAS(user, mortise_new_user, unnamed)) newUser.unnamed = user->unnamed != 0;
    give(identity, identity.create(newUser), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityChange(mortise_host* host, mortise_str userId, const mortise_user_change* change,
                              mortise_user_sink sink, void* context, mortise_error* error) {
  if (!MORTISE_COMPLETE(change, mortise_user_change, unique_folded)) return tooShort(error, "mortise_user_change");
  return onIdentity(host, "identity/1 change", error, [&](Identity& identity) {
    identity::UserChange userChange;
    userChange.username = changed(change->username);
    userChange.nickname = changed(change->nickname);
    userChange.avatar = changed(change->avatar);
    userChange.bio = changed(change->bio);
    userChange.status = changed(change->status);
    userChange.role = changed(change->role);
    userChange.clearBio = change->clear_bio != 0;
    userChange.uniqueFolded = change->unique_folded != 0;
    if (MORTISE_HAS(change, mortise_user_change, password_hash))
      userChange.passwordHash = changed(change->password_hash);
    if (MORTISE_HAS(change, mortise_user_change, email_confirmed_at))
      userChange.emailConfirmedAt = change->email_confirmed_at;
    if (MORTISE_HAS(change, mortise_user_change, tier)) userChange.tier = changed(change->tier);
    if (MORTISE_HAS(change, mortise_user_change, end_keys)) userChange.endKeys = change->end_keys != 0;
    give(identity, identity.change(view(userId), userChange), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityList(mortise_host* host, int64_t skip, int64_t limit, mortise_user_sink sink, void* context,
                            int64_t* total, mortise_error* error) {
  return onIdentity(host, "identity/1 list", error, [&](Identity& identity) {
    std::int64_t all = 0;
    const auto users = identity.list(skip, limit, all);
    for (const auto& user : users) give(identity, user, sink, context);
    if (total != nullptr) *total = all;
    return MORTISE_OK;
  });
}

mortise_status identityRemove(mortise_host* raw, mortise_str userId, mortise_error* error) {
  return joined<&HostServices::identity>(raw, "identity/1 remove", error, [&](Host& host, Identity& identity) {
    identity.remove(view(userId));
    if (auto* events = host.services().events)
      db::afterCommit([events] { events->publish("kernel.users.removed", {}); });
    return MORTISE_OK;
  });
}

mortise_status identityHashPassword(mortise_host* host, mortise_str password, void (*sink)(void*, mortise_str),
                                    void* context, mortise_error* error) {
  return onIdentityAlone(host, "identity/1 hash_password", error, [&](Identity& identity) {
    const auto hash = identity.hashPassword(view(password));
    if (sink != nullptr) sink(context, str(hash));
    return MORTISE_OK;
  });
}

mortise_status identityCheckPassword(mortise_host* host, mortise_user_key by, mortise_str key, mortise_str password,
                                     mortise_user_sink sink, void* context, mortise_error* error) {
  return onIdentityAlone(host, "identity/1 check_password", error, [&](Identity& identity) {
    identity::UserKey kind{};
    if (!keyFrom(by, kind)) return unknownKey(error);
    const auto user = identity.checkPassword(kind, view(key), view(password));
    if (!user) return answer(error, MORTISE_DENIED, "wrong_password", "no such user, or another password");
    give(identity, *user, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCheckHash(mortise_host* host, mortise_str hash, mortise_str password, mortise_error* error) {
  return onIdentityAlone(host, "identity/1 check_hash", error, [&](Identity& identity) {
    if (!identity.checkHash(copy(hash), view(password)))
      return answer(error, MORTISE_DENIED, "wrong_password", "the hash is of another password");
    return MORTISE_OK;
  });
}

mortise_status identitySetPassword(mortise_host* host, mortise_str userId, mortise_str password, mortise_error* error) {
  return onIdentityAlone(host, "identity/1 set_password", error, [&](Identity& identity) {
    identity.setPassword(view(userId), view(password));
    return MORTISE_OK;
  });
}

mortise_status identityOpenSession(mortise_host* host, mortise_str userId, mortise_session_kind kind,
                                   mortise_tokens_sink sink, void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 open_session", error, [&](Identity& identity) {
    if (kind != MORTISE_SESSION_ROTATING && kind != MORTISE_SESSION_STATELESS) {
      return answer(error, MORTISE_INVALID, "unknown_kind",
                    "mortise_session_kind has a value this kernel does not know");
    }
    give(identity,
         identity.openSession(view(userId), kind == MORTISE_SESSION_ROTATING ? identity::SessionKind::rotating
                                                                             : identity::SessionKind::stateless),
         sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityRefresh(mortise_host* host, mortise_str refreshToken, mortise_tokens_sink sink, void* context,
                               mortise_error* error) {
  return onIdentityAlone(host, "identity/1 refresh", error, [&](Identity& identity) {
    give(identity, identity.refresh(view(refreshToken)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCloseSession(mortise_host* host, mortise_str refreshToken, mortise_error* error) {
  return onIdentity(host, "identity/1 close_session", error, [&](Identity& identity) {
    identity.closeSession(view(refreshToken));
    return MORTISE_OK;
  });
}

mortise_status identityRevokeAll(mortise_host* host, mortise_str userId, mortise_error* error) {
  return onIdentity(host, "identity/1 revoke_all", error, [&](Identity& identity) {
    identity.revokeAll(view(userId));
    return MORTISE_OK;
  });
}

mortise_status identityMintKey(mortise_host* host, const mortise_new_key* key, mortise_api_key_sink sink, void* context,
                               mortise_error* error) {
  if (!MORTISE_COMPLETE(key, mortise_new_key, expires_at)) return tooShort(error, "mortise_new_key");
  return onIdentity(host, "identity/1 mint_key", error, [&](Identity& identity) {
    if (key->kind != MORTISE_KEY_USER && key->kind != MORTISE_KEY_SERVICE) {
      return answer(error, MORTISE_INVALID, "unknown_kind", "mortise_key_kind has a value this kernel does not know");
    }
    identity::NewApiKey newKey;
    newKey.kind = key->kind == MORTISE_KEY_USER ? identity::KeyKind::user : identity::KeyKind::service;
    newKey.userId = copy(key->user_id);
    newKey.name = copy(key->name);
    newKey.orgId = copy(key->org_id);
    newKey.createdBy = copy(key->created_by);
    newKey.expiresAt = key->expires_at;
    if (MORTISE_HAS(key, mortise_new_key, minted_with)) newKey.mintedWith = copy(key->minted_with);
    if (!listFrom(key->scopes, newKey.scopes) || !listFrom(key->project_ids, newKey.projectIds)) {
      return answer(error, MORTISE_INVALID, "not_a_list", "scopes and project_ids should be JSON lists of texts");
    }
    std::string raw;
    const auto record = identity.apiKeys().mint(newKey, raw);
    give(record, raw, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityListKeys(mortise_host* host, mortise_str userId, mortise_str orgId, mortise_api_key_sink sink,
                                void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 list_keys", error, [&](Identity& identity) {
    if (userId.size == 0 && orgId.size == 0) {
      return answer(error, MORTISE_INVALID, "no_owner", "list_keys needs a user, an organisation, or both");
    }
    for (const auto& key : identity.apiKeys().list(view(userId), view(orgId))) give(key, {}, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityDeactivateKey(mortise_host* host, mortise_str userId, mortise_str keyId, mortise_error* error) {
  return onIdentity(host, "identity/1 deactivate_key", error, [&](Identity& identity) {
    identity.apiKeys().deactivate(view(userId), view(keyId));
    return MORTISE_OK;
  });
}

mortise_status identityRevokeKey(mortise_host* host, mortise_str keyId, mortise_str reason, mortise_api_key_sink sink,
                                 void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 revoke_key", error, [&](Identity& identity) {
    give(identity.apiKeys().revoke(view(keyId), view(reason)), {}, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCookieOpen(mortise_host* host, mortise_str cookieHeader, mortise_cookie_session_sink sink,
                                  void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 cookie_open", error, [&](Identity& identity) {
    auto& sessions = identity.cookieSessions();
    give(sessions, sessions.findOrOpen(sessionCookie(cookieHeader), nowMicros()), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCookieLogin(mortise_host* host, mortise_str cookieHeader, mortise_str userId,
                                   mortise_cookie_session_sink sink, void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 cookie_login", error, [&](Identity& identity) {
    auto& sessions = identity.cookieSessions();
    const auto token = currentThread.call == nullptr ? std::string_view{} : currentThread.call->csrfToken();
    give(sessions, sessions.bindUser(sessionCookie(cookieHeader), view(userId), nowMicros(), token), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCookieLogout(mortise_host* host, mortise_str cookieHeader, mortise_error* error) {
  return onIdentity(host, "identity/1 cookie_logout", error, [&](Identity& identity) {
    identity.cookieSessions().close(sessionCookie(cookieHeader), nowMicros());
    return MORTISE_OK;
  });
}

mortise_status identityCsrfToken(mortise_host* host, mortise_str cookieHeader, void (*sink)(void*, mortise_str),
                                 void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 csrf_token", error, [&](Identity& identity) {
    auto& sessions = identity.cookieSessions();
    const auto now = nowMicros();
    const auto session = sessions.find(sessionCookie(cookieHeader), now);
    if (!session) return answer(error, MORTISE_NOT_FOUND, "no_session", "the request has no living cookie session");
    const auto token = sessions.csrfToken(*session, now);
    if (sink != nullptr) sink(context, str(token));
    return MORTISE_OK;
  });
}

mortise_status identityRemovedUsers(mortise_host* raw, std::int64_t limit, mortise_removed_user_sink sink,
                                    void* context, mortise_error* error) {
  return joined<&HostServices::identity>(raw, "identity/1 removed_users", error, [&](Host& host, Identity& identity) {
    if (sink == nullptr) return MORTISE_OK;
    for (const auto& user : identity.removedUsers(host.moduleName(), std::clamp<std::int64_t>(limit, 1, 1000))) {
      const mortise_removed_user face{.struct_size = sizeof(mortise_removed_user),
                                      .number = user.number,
                                      .id = str(user.id),
                                      .removed_at = user.removedAt};
      sink(context, &face);
    }
    return MORTISE_OK;
  });
}

mortise_status identityAcknowledgeRemovedUser(mortise_host* raw, std::int64_t number, mortise_error* error) {
  return joined<&HostServices::identity>(raw, "identity/1 acknowledge_removed_user", error,
                                         [&](Host& host, Identity& identity) {
                                           identity.acknowledgeRemovedUser(host.moduleName(), number);
                                           return MORTISE_OK;
                                         });
}

}  // extern "C"

const mortise_identity_v1 kTable = {sizeof(mortise_identity_v1),
                                    &identityFind,
                                    &identityCreate,
                                    &identityChange,
                                    &identityList,
                                    &identityRemove,
                                    &identityHashPassword,
                                    &identityCheckPassword,
                                    &identitySetPassword,
                                    &identityOpenSession,
                                    &identityRefresh,
                                    &identityCloseSession,
                                    &identityRevokeAll,
                                    &identityMintKey,
                                    &identityListKeys,
                                    &identityDeactivateKey,
                                    &identityRevokeKey,
                                    &identityCookieOpen,
                                    &identityCookieLogin,
                                    &identityCookieLogout,
                                    &identityCsrfToken,
                                    &identityCheckHash,
                                    &identityRemovedUsers,
                                    &identityAcknowledgeRemovedUser};

}  // namespace

template <>
ServedInterface serve<mortise_identity_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::identity>};
}

}  // namespace mortise::plugin
