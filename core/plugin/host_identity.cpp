// identity/1 over identity::Identity.
#include "core/identity/identity.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_tables.hpp"
#include "mortise/abi/identity.h"

namespace mortise::plugin {
namespace {

using identity::Identity;
using identity::User;

mortise_user faceOf(const User& user) {
  mortise_user face{};
  face.struct_size = sizeof face;
  face.id = str(user.id);
  face.username = str(user.username);
  face.email = str(user.email);
  face.nickname = str(user.nickname);
  face.avatar = str(user.avatar);
  face.bio = user.bio ? str(*user.bio) : mortise_str{};
  face.has_bio = user.bio ? 1 : 0;
  face.role = str(user.role);
  face.status = str(user.status);
  face.has_password = user.passwordHash.empty() ? 0 : 1;
  face.created_at = user.createdAt;
  face.email_confirmed_at = user.emailConfirmedAt;
  return face;
}

void give(const User& user, mortise_user_sink sink, void* context) {
  if (sink == nullptr) return;
  const auto face = faceOf(user);
  sink(context, &face);
}

void give(const identity::Tokens& tokens, mortise_tokens_sink sink, void* context) {
  if (sink == nullptr) return;
  const auto user = faceOf(tokens.user);
  mortise_tokens face{};
  face.struct_size = sizeof face;
  face.access_token = str(tokens.accessToken);
  face.refresh_token = str(tokens.refreshToken);
  face.expires_in = tokens.expiresIn;
  face.session_id = str(tokens.sessionId);
  face.user = &user;
  sink(context, &face);
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

// A field to change: a null pointer leaves it.
std::optional<std::string> changed(mortise_str text) {
  if (text.data == nullptr) return std::nullopt;
  return copy(text);
}

template <typename Work>
mortise_status onIdentity(mortise_host* raw, const char* function, mortise_error* error, Work work) {
  const auto* host = hostOf(raw);
  if (host == nullptr) return noHost(error);
  return guarded(host, function, error, [&] {
    if (!mayBlock(host, function, error)) return MORTISE_INVALID;
    return work(*host->services().identity);
  });
}

extern "C" {

mortise_status identityFind(mortise_host* host, mortise_user_key by, mortise_str key, mortise_user_sink sink,
                            void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 find", error, [&](Identity& identity) {
    identity::UserKey kind{};
    if (!keyFrom(by, kind)) return unknownKey(error);
    const auto user = identity.find(kind, view(key));
    if (!user) return answer(error, MORTISE_NOT_FOUND, "user_not_found", "no such user");
    give(*user, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityCreate(mortise_host* host, const mortise_new_user* user, mortise_user_sink sink, void* context,
                              mortise_error* error) {
  if (!MORTISE_COMPLETE(user, mortise_new_user, unique_folded)) return tooShort(error, "mortise_new_user");
  return onIdentity(host, "identity/1 create", error, [&](Identity& identity) {
    identity::NewUser fresh;
    fresh.username = copy(user->username);
    fresh.email = copy(user->email);
    fresh.nickname = copy(user->nickname);
    fresh.password = copy(user->password);
    fresh.passwordHash = copy(user->password_hash);
    fresh.emailConfirmedAt = user->email_confirmed_at;
    fresh.uniqueFolded = user->unique_folded != 0;
    if (MORTISE_HAS(user, mortise_new_user, id)) fresh.id = copy(user->id);
    if (MORTISE_HAS(user, mortise_new_user, created_at)) fresh.createdAt = user->created_at;
    give(identity.create(fresh), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityChange(mortise_host* host, mortise_str userId, const mortise_user_change* change,
                              mortise_user_sink sink, void* context, mortise_error* error) {
  if (!MORTISE_COMPLETE(change, mortise_user_change, unique_folded)) return tooShort(error, "mortise_user_change");
  return onIdentity(host, "identity/1 change", error, [&](Identity& identity) {
    identity::UserChange wanted;
    wanted.username = changed(change->username);
    wanted.nickname = changed(change->nickname);
    wanted.avatar = changed(change->avatar);
    wanted.bio = changed(change->bio);
    wanted.status = changed(change->status);
    wanted.role = changed(change->role);
    wanted.clearBio = change->clear_bio != 0;
    wanted.uniqueFolded = change->unique_folded != 0;
    if (MORTISE_HAS(change, mortise_user_change, password_hash)) wanted.passwordHash = changed(change->password_hash);
    if (MORTISE_HAS(change, mortise_user_change, email_confirmed_at))
      wanted.emailConfirmedAt = change->email_confirmed_at;
    give(identity.change(view(userId), wanted), sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityList(mortise_host* host, int64_t skip, int64_t limit, mortise_user_sink sink, void* context,
                            int64_t* total, mortise_error* error) {
  return onIdentity(host, "identity/1 list", error, [&](Identity& identity) {
    std::int64_t all = 0;
    const auto users = identity.list(skip, limit, all);
    for (const auto& user : users) give(user, sink, context);
    if (total != nullptr) *total = all;
    return MORTISE_OK;
  });
}

mortise_status identityRemove(mortise_host* host, mortise_str userId, mortise_error* error) {
  return onIdentity(host, "identity/1 remove", error, [&](Identity& identity) {
    identity.remove(view(userId));
    return MORTISE_OK;
  });
}

mortise_status identityHashPassword(mortise_host* host, mortise_str password, void (*sink)(void*, mortise_str),
                                    void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 hash_password", error, [&](Identity& identity) {
    const auto hash = identity.hashPassword(view(password));
    if (sink != nullptr) sink(context, str(hash));
    return MORTISE_OK;
  });
}

mortise_status identityCheckPassword(mortise_host* host, mortise_user_key by, mortise_str key, mortise_str password,
                                     mortise_user_sink sink, void* context, mortise_error* error) {
  return onIdentity(host, "identity/1 check_password", error, [&](Identity& identity) {
    identity::UserKey kind{};
    if (!keyFrom(by, kind)) return unknownKey(error);
    const auto user = identity.checkPassword(kind, view(key), view(password));
    if (!user) return answer(error, MORTISE_DENIED, "wrong_password", "no such user, or another password");
    give(*user, sink, context);
    return MORTISE_OK;
  });
}

mortise_status identitySetPassword(mortise_host* host, mortise_str userId, mortise_str password, mortise_error* error) {
  return onIdentity(host, "identity/1 set_password", error, [&](Identity& identity) {
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
    give(identity.openSession(view(userId), kind == MORTISE_SESSION_ROTATING ? identity::SessionKind::rotating
                                                                             : identity::SessionKind::stateless),
         sink, context);
    return MORTISE_OK;
  });
}

mortise_status identityRefresh(mortise_host* host, mortise_str refreshToken, mortise_tokens_sink sink, void* context,
                               mortise_error* error) {
  return onIdentity(host, "identity/1 refresh", error, [&](Identity& identity) {
    give(identity.refresh(view(refreshToken)), sink, context);
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
                                    &identityRevokeAll};

}  // namespace

const void* identityTable() { return &kTable; }

}  // namespace mortise::plugin
