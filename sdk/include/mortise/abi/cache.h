/* cache/1: short-lived values by key, in memory, or in Redis and then shared by all servers.
 *
 * Nothing in it is precious: an entry may vanish at any time. What must stay belongs in db/1. A module sees its own
 * keys only.
 * Threads: [worker] [start]. Keys: 1..512 bytes. Times to live are milliseconds; 0 = no expiry.
 * Ownership: keys and values are copied; what a sink is given lives for that call only.
 * Errors: MORTISE_NOT_FOUND, MORTISE_INVALID (a bad key; increment of what is no number), MORTISE_FULL (value too
 *   large), MORTISE_UNAVAILABLE and MORTISE_TIMEOUT (a configured Redis is away).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_CACHE_H
#define MORTISE_ABI_CACHE_H

#include "module.h"

#define MORTISE_CACHE_V1 "cache/1"

MORTISE_BEGIN_C

typedef struct mortise_cache_v1 {
  uint32_t struct_size;
  /* [start] [worker] Gives the value to `sink` once, before it returns. MORTISE_NOT_FOUND when there is none. Owner:
   * sink called. */
  mortise_status (*get)(mortise_host* host, mortise_str key, void (*sink)(void* context, mortise_str value),
                        void* context, mortise_error* error);
  /* [start] [worker] Stores a value, in place of one that is there. */
  mortise_status (*set)(mortise_host* host, mortise_str key, mortise_str value, int64_t ttl_ms, mortise_error* error);
  /* [start] [worker] Stores a value when there is none. MORTISE_EXISTS, and nothing changes, when there is one. */
  mortise_status (*set_if_absent)(mortise_host* host, mortise_str key, mortise_str value, int64_t ttl_ms,
                                  mortise_error* error);
  /* [start] [worker] Adds to a decimal number, counted from 0 when absent; ttl_ms counts from its creation. `value`
   * (may be NULL) receives the sum. Owner: value filled. */
  mortise_status (*increment)(mortise_host* host, mortise_str key, int64_t by, int64_t ttl_ms, int64_t* value,
                              mortise_error* error);
  /* [start] [worker] Removes an entry. MORTISE_NOT_FOUND when there was none. */
  mortise_status (*remove)(mortise_host* host, mortise_str key, mortise_error* error);
} mortise_cache_v1;

MORTISE_END_C
#endif
