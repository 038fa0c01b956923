/* identity/1: the kernel's accounts, passwords, sessions and API keys, for modules that give them a face (HTTP, LDAP,
 * OIDC, ...).
 *
 * One account serves every API family. Passwords are Argon2id, hashed at most cores-1 at a time; the queue is bounded.
 * Threads: [start] [worker]; password functions take tens of milliseconds. Sinks are called before the function
 *   returns, on the same thread; what they are given lives for that call only.
 * Errors: MORTISE_NOT_FOUND, MORTISE_EXISTS (code username_taken or email_taken), MORTISE_DENIED (wrong password,
 *   token, state), MORTISE_UNAVAILABLE (database down; hashing queue full: retry_after), MORTISE_INVALID.
 * Since: SDK 1.0. */
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
  int64_t number;        /* unique, counted from 1 in the order of sign-up: for families whose ids are integers */
  mortise_str tier;      /* the account's own: free, starter, pro, team, enterprise; admin for administrators */
  int64_t last_login_at; /* by password, code or cookie; 0: never */
} mortise_user;

/* [start] [worker] Gets one account. Owner: user borrowed. */
typedef void (*mortise_user_sink)(void* context, const mortise_user* user);

/* An account that was removed, since 1.1. */
typedef struct mortise_removed_user {
  uint32_t struct_size;
  int64_t number;     /* counted from 1 in the order in which the removals were committed */
  mortise_str id;     /* of the account */
  int64_t removed_at; /* microseconds since the epoch */
} mortise_removed_user;

/* [start] [worker] Gets one removed account. Owner: user borrowed. */
typedef void (*mortise_removed_user_sink)(void* context, const mortise_removed_user* user);

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
  mortise_str email;    /* or empty; at least one of both, unless `unnamed` */
  mortise_str nickname;
  mortise_str password;      /* hashed by the kernel; or empty */
  mortise_str password_hash; /* made earlier by hash_password; or empty */
  int64_t email_confirmed_at;
  /* Non-zero: refuse the user name when it is taken ignoring case (runtime family). Zero: exact comparison (agent
   * platform). */
  int32_t unique_folded;
  mortise_str id;     /* a UUID that was handed out before; or empty: the kernel makes one */
  int64_t created_at; /* 0: now */
  /* Non-zero: the account may have neither user name nor address (its owner signs in through another service); then it
   * needs a nickname. */
  int32_t unnamed;
} mortise_new_user;

/* Fields to change; a NULL data pointer leaves a field, data with size 0 clears it (username can't be cleared). */
typedef struct mortise_user_change {
  uint32_t struct_size;
  mortise_str username;
  mortise_str nickname;
  mortise_str avatar;
  mortise_str bio; /* cleared bio becomes "none" only when clear_bio is set, else an empty text */
  int32_t clear_bio;
  mortise_str status;
  mortise_str role;
  int32_t unique_folded;
  /* made by hash_password: a new password; all sessions and tokens of the user are revoked */
  mortise_str password_hash;
  int64_t email_confirmed_at; /* 0: leave */
  mortise_str tier;           /* empty, not NULL: back to identity.default_tier */
  int32_t end_keys; /* non-zero: every API key that runs as the user is switched off, as deactivate_key does */
} mortise_user_change;

/* How the tokens of a session behave. */
typedef enum mortise_session_kind {
  MORTISE_SESSION_ROTATING =
      0, /* runtime family: refresh tokens work once, grace, reuse detection; access tokens die with the session */
  MORTISE_SESSION_STATELESS =
      1, /* agent platform: both tokens are JWTs, valid until they expire or the user's tokens are revoked */
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

/* [start] [worker] Gets the tokens of a session. Owner: tokens borrowed. */
typedef void (*mortise_tokens_sink)(void* context, const mortise_tokens* tokens);

/* Whose rights an API key has. */
typedef enum mortise_key_kind {
  MORTISE_KEY_USER = 0,    /* all of its user's */
  MORTISE_KEY_SERVICE = 1, /* what its scopes let in (x-mortise-scopes), as the user it runs as */
  MORTISE_KEY_KIND_SIZE_ = 0x7fffffff
} mortise_key_kind;

/* Lists are JSON lists of texts. */
typedef struct mortise_new_key {
  uint32_t struct_size;
  mortise_key_kind kind;
  mortise_str user_id;     /* whom it runs as */
  mortise_str name;        /* or empty */
  mortise_str scopes;      /* needed by a service key; empty for a user's: ["*"] */
  mortise_str org_id;      /* or empty */
  mortise_str project_ids; /* empty: every project */
  mortise_str created_by;  /* user; empty: user_id */
  int64_t expires_at;      /* 0: never */
  /* The id of the API key that the caller came with, or empty: the new key ends no later than that one, and is revoked
   * with it (revoke_key). Switching that one off (deactivate_key) leaves the new key alone. */
  mortise_str minted_with;
} mortise_new_key;

typedef struct mortise_api_key {
  uint32_t struct_size;
  mortise_key_kind kind;
  mortise_str id; /* UUID */
  mortise_str user_id;
  mortise_str name;
  mortise_str prefix; /* the first 12 characters, to show */
  mortise_str scopes;
  mortise_str org_id;
  mortise_str project_ids; /* []: every project */
  int64_t created_at;
  mortise_str created_by;
  int64_t expires_at;
  int64_t revoked_at;
  mortise_str revoke_reason;
  int32_t is_active;
  int64_t last_used_at; /* exact to a minute */
  mortise_str last_used_ip;
  mortise_str raw; /* the text of the key: from mint_key, and never again */
} mortise_api_key;

/* [start] [worker] Gets one API key. Owner: key borrowed. */
typedef void (*mortise_api_key_sink)(void* context, const mortise_api_key* key);

/* A browser session. Send `set_cookie` as a Set-Cookie field. */
typedef struct mortise_cookie_session {
  uint32_t struct_size;
  mortise_str session_id;
  mortise_str user_id; /* empty: anonymous */
  mortise_str set_cookie;
  mortise_str csrf_token; /* made now; earlier ones stay valid for an hour each */
} mortise_cookie_session;

/* [start] [worker] Gets a browser session. Owner: session borrowed. */
typedef void (*mortise_cookie_session_sink)(void* context, const mortise_cookie_session* session);

typedef struct mortise_identity_v1 {
  uint32_t struct_size;
  /* [start] [worker] One account. MORTISE_NOT_FOUND when there is none. Owner: sink called. */
  mortise_status (*find)(mortise_host* host, mortise_user_key by, mortise_str key, mortise_user_sink sink,
                         void* context, mortise_error* error);
  /* [start] [worker] Makes an account. MORTISE_INVALID: account_unnamed (neither name nor address), nickname_required
   * (`unnamed`). Owner: user borrowed; sink called. */
  mortise_status (*create)(mortise_host* host, const mortise_new_user* user, mortise_user_sink sink, void* context,
                           mortise_error* error);
  /* [start] [worker] Changes an account. MORTISE_INVALID: unknown_tier. Owner: change borrowed; sink called. */
  mortise_status (*change)(mortise_host* host, mortise_str user_id, const mortise_user_change* change,
                           mortise_user_sink sink, void* context, mortise_error* error);
  /* [start] [worker] All accounts, newest first. `total` (may be NULL) receives the number of all users. Owner: sink
   * called; total filled. */
  mortise_status (*list)(mortise_host* host, int64_t skip, int64_t limit, mortise_user_sink sink, void* context,
                         int64_t* total, mortise_error* error);
  /* [start] [worker] Removes an account with its sessions, its API keys and its membership; an organisation may lose
   * its last administrator so. */
  mortise_status (*remove)(mortise_host* host, mortise_str user_id, mortise_error* error);

  /* [start] [worker] Hashes a password: Argon2id, self-describing text. Owner: sink called. */
  mortise_status (*hash_password)(mortise_host* host, mortise_str password,
                                  void (*sink)(void* context, mortise_str hash), void* context, mortise_error* error);
  /* [start] [worker] MORTISE_OK and the user when the password fits; MORTISE_DENIED otherwise, after the same work when
   * there is no such user or it has no password. The user's status is not looked at. Owner: sink called. */
  mortise_status (*check_password)(mortise_host* host, mortise_user_key by, mortise_str key, mortise_str password,
                                   mortise_user_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Sets a new password and revokes all sessions and tokens of the user. */
  mortise_status (*set_password)(mortise_host* host, mortise_str user_id, mortise_str password, mortise_error* error);

  /* [start] [worker] Signs a user in: a new pair of tokens. MORTISE_NOT_FOUND (user_not_found), MORTISE_DENIED
   * (user_inactive). Owner: sink called. */
  mortise_status (*open_session)(mortise_host* host, mortise_str user_id, mortise_session_kind kind,
                                 mortise_tokens_sink sink, void* context, mortise_error* error);
  /* [start] [worker] New pair for a refresh token of either kind. MORTISE_DENIED: unknown, expired, revoked, reused,
   * user gone (code user_inactive when the account is not active). Owner: sink called. */
  mortise_status (*refresh)(mortise_host* host, mortise_str refresh_token, mortise_tokens_sink sink, void* context,
                            mortise_error* error);
  /* [start] [worker] Ends the session that a rotating refresh token belongs to (a rotated one too). MORTISE_OK also
   * when there is none. */
  mortise_status (*close_session)(mortise_host* host, mortise_str refresh_token, mortise_error* error);
  /* [start] [worker] Ends every session and token of a user, on every server. */
  mortise_status (*revoke_all)(mortise_host* host, mortise_str user_id, mortise_error* error);

  /* [start] [worker] A new API key. MORTISE_NOT_FOUND (user_not_found), MORTISE_DENIED (account_disabled),
   * MORTISE_INVALID (a service key without scopes, an expiry in the past, a list that is none). Owner: key borrowed;
   * sink called. */
  mortise_status (*mint_key)(mortise_host* host, const mortise_new_key* key, mortise_api_key_sink sink, void* context,
                             mortise_error* error);
  /* [start] [worker] Newest first, dead ones too: those of a user, of an organisation, or of both. At least one must be
   * given. Owner: sink called. */
  mortise_status (*list_keys)(mortise_host* host, mortise_str user_id, mortise_str org_id, mortise_api_key_sink sink,
                              void* context, mortise_error* error);
  /* [start] [worker] Switches a key off without a stamp: its callers get a plain 401. MORTISE_NOT_FOUND
   * (api_key_not_found) unless it is the user's; an empty user_id takes the key of any user. */
  mortise_status (*deactivate_key)(mortise_host* host, mortise_str user_id, mortise_str key_id, mortise_error* error);
  /* [start] [worker] Its callers get 401 api_key_revoked. A second revocation keeps the first stamp and reason. The key
   * as it is now goes to `sink` (may be NULL). Whether the caller may revoke it is the module's to know. Owner: sink
   * called. */
  mortise_status (*revoke_key)(mortise_host* host, mortise_str key_id, mortise_str reason, mortise_api_key_sink sink,
                               void* context, mortise_error* error);

  /* Cookie sessions. `cookie_header`: the request's Cookie field as it came, or empty; the kernel finds its own cookie
   * in it and passes over what is not well-formed. A forged, ended or expired cookie counts as none. */
  /* [start] [worker] The session that the request has, or else a new anonymous one, of which nothing is stored before
   * a user signs in. Owner: sink called. */
  mortise_status (*cookie_open)(mortise_host* host, mortise_str cookie_header, mortise_cookie_session_sink sink,
                                void* context, mortise_error* error);
  /* [start] [worker] Signs the user in, after the module has checked the password: the session gets a new id and a
   * new CSRF secret. Of the tokens fetched before, only the one that the request itself carries stays valid, on the
   * thread that runs the handler. MORTISE_NOT_FOUND (user_not_found), MORTISE_DENIED
   * (account_disabled). Owner: sink called. */
  mortise_status (*cookie_login)(mortise_host* host, mortise_str cookie_header, mortise_str user_id,
                                 mortise_cookie_session_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Signs out: the session goes on, anonymous, and its CSRF tokens stay valid. MORTISE_OK also when
   * no user was signed in. */
  mortise_status (*cookie_logout)(mortise_host* host, mortise_str cookie_header, mortise_error* error);
  /* [start] [worker] A CSRF token for the session that the request has. MORTISE_NOT_FOUND (no_session) when it has
   * none: use cookie_open. Owner: sink called. */
  mortise_status (*csrf_token)(mortise_host* host, mortise_str cookie_header,
                               void (*sink)(void* context, mortise_str token), void* context, mortise_error* error);

  /* Since SDK 1.1. */
  /* [start] [worker] Does a hash of hash_password fit the password? For passwords that are no account's, as of a link.
   * MORTISE_DENIED (wrong_password) when it does not, or `hash` is none; the work is the same. */
  mortise_status (*check_hash)(mortise_host* host, mortise_str hash, mortise_str password, mortise_error* error);

  /* Removed accounts. However an account is removed, each module that asks gets its number for 400 days; a
   * module that keeps something of accounts forgets it and acknowledges the number, also after it was switched off for a
   * while. The event kernel.users.removed is the hint to look. */
  /* [start] [worker] Those that the calling module has not acknowledged, oldest first, at most `limit` (1 to 1000). Owner:
   * sink called. */
  mortise_status (*removed_users)(mortise_host* host, int64_t limit, mortise_removed_user_sink sink, void* context,
                                  mortise_error* error);
  /* [start] [worker] The calling module has forgotten the account of this number and all before it. */
  mortise_status (*acknowledge_removed_user)(mortise_host* host, int64_t number, mortise_error* error);
} mortise_identity_v1;

MORTISE_END_C
#endif
