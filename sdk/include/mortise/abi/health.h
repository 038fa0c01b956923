/* health/1: checks of what a module needs besides the kernel's own services (a sandbox host, a licence server),
 * gathered by the kernel: shown at /api/status and /api/v1/infra/health, and counted in /metrics.
 *
 * A check runs when one of these is asked for, on a thread of its own, at most once a second, and never twice at once;
 * one that overruns its limit counts as failed until it is back.
 * A trial (SDK 1.1) runs when an operator calls `mortise doctor`: it tries whether something works here that a check
 * would be too often for.
 * Threads: add, add_trial [start]; check and trial are called on a thread where [worker] functions may be called.
 * Ownership: texts are copied. A module's checks end before its stop() is called.
 * Errors: MORTISE_INVALID (name: not [a-z][a-z0-9_]{0,31}, or the limit), MORTISE_EXISTS (name taken).
 * Since: SDK 1.0; what was added later says so, check struct_size. */
#ifndef MORTISE_ABI_HEALTH_H
#define MORTISE_ABI_HEALTH_H

#include "module.h"

#define MORTISE_HEALTH_V1 "health/1"

MORTISE_BEGIN_C

/* MORTISE_OK: healthy. `detail->text` may say what is worth knowing either way; signed-in users may read it: no
 * secrets. Should return within `limit_ms`. */
typedef mortise_status (*mortise_health_check)(void* context, int64_t limit_ms, mortise_error* detail);

typedef struct mortise_health_v1 {
  uint32_t struct_size;
  /* [start] `required`: the server is not ready without it; else it is only degraded. `limit_ms`: 1..10000. `context`
   * must live until stop() is called. Owner: check kept until stop, its context too. */
  mortise_status (*add)(mortise_host* host, mortise_str name, int32_t required, int64_t limit_ms,
                        mortise_health_check check, void* context, mortise_error* error);
  /* [start] Adds a trial, in create(): it is called, at most once, on a module that was created and is never started, in
   * a process of its own, maybe beside a server that works on the same data. The result of a trial is MORTISE_OK, or
   * MORTISE_NOT_FOUND for what is not set up here and need not be, or why not; `detail->text` then says what to do.
   * `required`: the module is of no use without it. `limit_ms`: 1..60000. `context` must live until destroy(). The name
   * is one among the module's trials. Added later (SDK 1.1). Owner: trial kept until destroy, its context too. */
  mortise_status (*add_trial)(mortise_host* host, mortise_str name, int32_t required, int64_t limit_ms,
                              mortise_health_check trial, void* context, mortise_error* error);
} mortise_health_v1;

MORTISE_END_C
#endif
