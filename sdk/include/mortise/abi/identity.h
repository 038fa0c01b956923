/* identity/1: the kernel's accounts, passwords and sessions, for modules that give them a face (HTTP, LDAP, OIDC, ...).
 *
 * One account serves every API family. Passwords are Argon2id, hashed at most cores-1 at a time; the queue is bounded.
 * Threads: [worker]; password functions take tens of milliseconds. Sinks are called before the function returns, on the same thread;
 * what they are given lives for that call only.
 * Errors: MORTISE_NOT_FOUND, MORTISE_EXISTS (code username_taken or email_taken), MORTISE_DENIED (wrong password, token, state),
 *   MORTISE_UNAVAILABLE (database down; hashing queue full: retry_after), MORTISE_INVALID. Since: SDK 1.0. */
#ifndef MORTISE_ABI_IDENTITY_H
#define MORTISE_ABI_IDENTITY_H

#include "module.h"

#define MORTISE_IDENTITY_V1 "identity/1"

MORTISE_BEGIN_C

/* Empty text = not set. Times are microseconds since the epoch, 0 = never. */
typedef struct mortise_user {
  uint32_t struct_size;
  mortise_str id; /* UUID */
  mortise_str username;
  mortise_str email; /* normalised */
  mortise_str nickname;
  mortise_str avatar; /* URL */
  mortise_str bio;
  int32_t has_bio;    /* an empty bio is not the same as none */
  mortise_str role;   /* user, admin, super_admin, viewer, guest */
  mortise_str status; /* active, inactive, banned */
  int32_t has_password;
  int64_t created_at;
  int64_t email_confirmed_at;
} mortise_user;

typedef void (*mortise_user_sink)(void* context, const mortise_user* user);

typedef enum mortise_user_key {
  MORTISE_USER_ID = 0,
  MORTISE_USER_USERNAME = 1,        /* exact */
  MORTISE_USER_USERNAME_FOLDED = 2, /* ignoring case */
  MORTISE_USER_EMAIL = 3,           /* normalised form */
  MORTISE_USER_KEY_SIZE_ = 0x7fffffff
} mortise_user_key;

typedef struct mortise_new_user {
  uint32_t struct_size;
  mortise_str username; /* or empty */
  mortise_str email;    /* or empty; at least one of both */
  mortise_str nickname;
  mortise_str password;      /* hashed by the kernel; or empty */
  mortise_str password_hash; /* made earlier by hash_password; or empty */
  int64_t email_confirmed_at;
  /* Non-zero: refuse the user name when it is taken ignoring case (runtime family). Zero: exact comparison (agent platform). */
  int32_t unique_folded;
  mortise_str id;     /* a UUID that was told to somebody before; or empty: the kernel makes one */
  int64_t created_at; /* 0: now */
} mortise_new_user;

/* Fields to change; a NULL data pointer leaves a field, data with size 0 clears it (username can't be cleared). */
typedef struct mortise_user_change {
  uint32_t struct_size;
  mortise_str username;
  mortise_str nickname;
  mortise_str avatar;
  mortise_str bio;      /* cleared bio becomes "none" only when clear_bio is set, else an empty text */
  int32_t clear_bio;
  mortise_str status;
  mortise_str role;
  int32_t unique_folded;
  mortise_str password_hash;  /* made by hash_password: a new password; all sessions and tokens of the user are revoked */
  int64_t email_confirmed_at; /* 0: leave */
} mortise_user_change;

/* How the tokens of a session behave. */
typedef enum mortise_session_kind {
  MORTISE_SESSION_ROTATING = 0,  /* runtime family: refresh tokens work once, grace, reuse detection; access tokens die with the session */
  MORTISE_SESSION_STATELESS = 1, /* agent platform: both tokens are JWTs, valid until they expire or the user's tokens are revoked */
  MORTISE_SESSION_KIND_SIZE_ = 0x7fffffff
} mortise_session_kind;

typedef struct mortise_tokens {
  uint32_t struct_size;
  mortise_str access_token;
  mortise_str refresh_token;
  int64_t expires_in; /* seconds, of the access token */
  mortise_str session_id;
  const mortise_user* user;
} mortise_tokens;

typedef void (*mortise_tokens_sink)(void* context, const mortise_tokens* tokens);

typedef struct mortise_identity_v1 {
  uint32_t struct_size;
  mortise_status (*find)(mortise_host* host, mortise_user_key by, mortise_str key, mortise_user_sink sink, void* context,
                         mortise_error* error);
  mortise_status (*create)(mortise_host* host, const mortise_new_user* user, mortise_user_sink sink, void* context, mortise_error* error);
  mortise_status (*change)(mortise_host* host, mortise_str user_id, const mortise_user_change* change, mortise_user_sink sink,
                           void* context, mortise_error* error);
  /* Newest first. `total` (may be NULL) receives the number of all users. */
  mortise_status (*list)(mortise_host* host, int64_t skip, int64_t limit, mortise_user_sink sink, void* context, int64_t* total,
                         mortise_error* error);
  mortise_status (*remove)(mortise_host* host, mortise_str user_id, mortise_error* error);

  /* Argon2id, self-describing text. */
  mortise_status (*hash_password)(mortise_host* host, mortise_str password, void (*sink)(void* context, mortise_str hash), void* context,
                                  mortise_error* error);
  /* MORTISE_OK and the user when the password fits; MORTISE_DENIED otherwise, after the same work when there is no such user
   * or it has no password. The user's status is not looked at. */
  mortise_status (*check_password)(mortise_host* host, mortise_user_key by, mortise_str key, mortise_str password, mortise_user_sink sink,
                                   void* context, mortise_error* error);
  /* Sets a new password and revokes all sessions and tokens of the user. */
  mortise_status (*set_password)(mortise_host* host, mortise_str user_id, mortise_str password, mortise_error* error);

  mortise_status (*open_session)(mortise_host* host, mortise_str user_id, mortise_session_kind kind, mortise_tokens_sink sink, void* context,
                                 mortise_error* error);
  /* New pair for a refresh token of either kind. MORTISE_DENIED: unknown, expired, revoked, reused, user gone (code user_inactive when the
   * account is not active). */
  mortise_status (*refresh)(mortise_host* host, mortise_str refresh_token, mortise_tokens_sink sink, void* context, mortise_error* error);
  /* Ends the session that a rotating refresh token belongs to (a rotated one too). MORTISE_OK also when there is none. */
  mortise_status (*close_session)(mortise_host* host, mortise_str refresh_token, mortise_error* error);
  /* Ends every session and token of a user, on every server. */
  mortise_status (*revoke_all)(mortise_host* host, mortise_str user_id, mortise_error* error);
} mortise_identity_v1;

MORTISE_END_C
#endif
