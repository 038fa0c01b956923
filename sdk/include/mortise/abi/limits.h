/* limits/1: the rate-limit buckets that the module's contracts declare (x-mortise-buckets), for keys that only the
 * handler knows: an e-mail address, an account. Buckets keyed by address, user or credential are taken by the kernel
 * before the handler.
 *
 * Threads: [start] [worker], except numbers: [any].
 * Errors: MORTISE_DENIED (limit reached; error.retry_after says for how long), MORTISE_UNAVAILABLE (a configured store
 *   is down), MORTISE_NOT_FOUND (no such bucket).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_LIMITS_H
#define MORTISE_ABI_LIMITS_H

#include "module.h"

#define MORTISE_LIMITS_V1 "limits/1"

MORTISE_BEGIN_C

typedef struct mortise_limits_v1 {
  uint32_t struct_size;
  /* [start] [worker] Takes one unit of `bucket` for `key` (stored hashed). */
  mortise_status (*take)(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error);
  /* [start] [worker] As take, but takes nothing: would it be refused?. */
  mortise_status (*peek)(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error);
  /* [start] [worker] Gives the last taken unit back (a mail that could not be sent). */
  mortise_status (*refund)(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error);
  /* [start] [worker] Forgets everything about the key (failures after a success). */
  mortise_status (*reset)(mortise_host* host, mortise_str bucket, mortise_str key, mortise_error* error);
  /* [any] The numbers that hold for `bucket`, of the contract or of the operator (limits.override): `*limit` units per
   * `*window_seconds`, for messages that name them. Both 0: switched off. Either pointer may be NULL. Owner: limit
   * filled; window_seconds filled. */
  mortise_status (*numbers)(mortise_host* host, mortise_str bucket, int64_t* limit, int64_t* window_seconds,
                            mortise_error* error);
} mortise_limits_v1;

MORTISE_END_C
#endif
