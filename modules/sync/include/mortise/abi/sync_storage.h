/* sync.storage/1: what the captured sessions of people take, and what is known of the clients that push them, for
 * modules that show accounts and organisations. Offered by the module sync.
 *
 * Get it in start(), not before: host->lookup(host, "sync.storage/1"), with sync.storage/1 under optional. Without it
 * nothing is stored.
 * Threads: [worker] and [start]. Every function takes `context` of the table. Called in a transaction of db/1 of the
 *   same thread (Transaction::call), it reads what that transaction wrote.
 * Ownership: arguments are borrowed for the call; what is given to a sink is good until the sink returns. A sink is
 *   called on the caller's thread, at most once, before the function returns.
 * Errors: MORTISE_INVALID, MORTISE_UNAVAILABLE, MORTISE_FAILED.
 * Since: sync 1.0. */
#ifndef MORTISE_ABI_SYNC_STORAGE_H
#define MORTISE_ABI_SYNC_STORAGE_H

#include "mortise/abi/base.h"

#define MORTISE_SYNC_STORAGE_V1 "sync.storage/1"

MORTISE_BEGIN_C

/* What a push told of its client; each text may be empty. */
typedef struct mortise_sync_client {
  uint32_t struct_size;
  mortise_str version;
  mortise_str platform;
  mortise_str device;
  int64_t last_sync_at; /* microseconds since the epoch; 0: it never pushed */
} mortise_sync_client;

/* [start] [worker] Gets one client. Owner: client borrowed. */
typedef void (*mortise_sync_client_sink)(void* context, const mortise_sync_client* client);
/* [start] [worker] Gets one text. */
typedef void (*mortise_sync_text_sink)(void* context, mortise_str text);

typedef struct mortise_sync_storage_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] Bytes of the archives of a user's live sessions; those in the trash do not count. Owner: bytes
   * filled. */
  mortise_status (*used_by_user)(void* context, mortise_str user_id, int64_t* bytes, mortise_error* error);
  /* [start] [worker] The same of all members of an organisation, as it is made up now; 0 for one that does not exist.
   * Owner: bytes filled. */
  mortise_status (*used_by_org)(void* context, mortise_str org_id, int64_t* bytes, mortise_error* error);
  /* [start] [worker] The client that the user pushed with last; no call when there was none. Owner: sink called. */
  mortise_status (*last_client)(void* context, mortise_str user_id, mortise_sync_client_sink sink, void* sink_context,
                                mortise_error* error);
  /* [start] [worker] What the user's daemon said of its watchers last, a JSON list of objects {name, health,
   * degraded_since, last_error, sessions_tracked}; no call when it never did. Owner: sink called. */
  mortise_status (*capture_health)(void* context, mortise_str user_id, mortise_sync_text_sink sink, void* sink_context,
                                   mortise_error* error);
  /* [start] [worker] Bytes that the plan of a tier gives for archives; 0: no limit. An organisation may have been given
   * other ones. Owner: bytes filled. */
  mortise_status (*allowance_of)(void* context, mortise_str tier, int64_t* bytes, mortise_error* error);
} mortise_sync_storage_v1;

MORTISE_END_C

#endif
