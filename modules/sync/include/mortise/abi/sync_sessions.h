/* sync.sessions/1: the record of work on many targets, that people can watch and stop. Offered by the module sync.
 *
 * A session belongs to one piece of work (a synchronisation, an inspection, a clean-up); a record belongs to one target
 * of it. Over HTTP people list sessions, read their records and errors, and cancel them. The way:
 *   open -> add_targets -> { cancelled? -> start -> progress* -> complete | fail }* -> finish
 * A session is running until every target has an outcome, or until finish or cancel; then it is ended for good. An
 * outcome may still be reported for a target that was being worked on, and counts; the session's status stays. What a
 * server leaves running when it dies is closed as failed, with the reason among its errors.
 *
 * Get it in start(), not before: host->lookup(host, "sync.sessions/1"), with sync.sessions/1 under needs or optional.
 * Threads: [start] [worker]. Every function takes `context` of the table.
 * Ownership: every text is copied.
 * Errors: MORTISE_INVALID (a value that breaks a rule: error.text says which), MORTISE_NOT_FOUND (no such session or
 *   record), MORTISE_CLOSED (the session has ended), MORTISE_UNAVAILABLE, MORTISE_FULL (database).
 * Since: sync 1.0. */
#ifndef MORTISE_ABI_SYNC_SESSIONS_H
#define MORTISE_ABI_SYNC_SESSIONS_H

#include "mortise/abi/base.h"

#define MORTISE_SYNC_SESSIONS_V1 "sync.sessions/1"

MORTISE_BEGIN_C

typedef struct mortise_sync_session {
  uint32_t struct_size;
  mortise_str type;     /* manual_single, manual_batch, manual_task, scheduled_task */
  mortise_str category; /* account, capacity, config, aggregation, other; empty: account */
  int64_t created_by;   /* number of the user who asked for it (mortise_user.number); 0: nobody, the clock */
} mortise_sync_session;

/* Fixed size for ever: they come in arrays. */
typedef struct mortise_sync_target {
  int64_t instance_id; /* the caller's number for it, 1 or more */
  mortise_str name;    /* at most 255 bytes; or empty */
} mortise_sync_target;

typedef struct mortise_sync_counters {
  uint32_t struct_size;
  int64_t synced; /* items looked at or brought over */
  int64_t created;
  int64_t updated;
  int64_t deleted;
} mortise_sync_counters;

/* A session as it stands. */
typedef struct mortise_sync_state {
  uint32_t struct_size;
  char status[16]; /* running, completed, failed, cancelled; NUL-terminated */
  int64_t total;
  int64_t successful;
  int64_t failed;
} mortise_sync_state;

typedef struct mortise_sync_sessions_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] Begins a session. `session_id` receives a UUID, NUL-terminated. Owner: session borrowed;
   * session_id filled. */
  mortise_status (*open)(void* context, const mortise_sync_session* session, char session_id[37], mortise_error* error);
  /* [start] [worker] Adds one pending record per target, in this order, 1 to 100,000 at once; the session's total grows
   * by as many. `record_ids` has room for `count`. MORTISE_CLOSED when the session has ended. Owner: targets borrowed;
   * record_ids filled. */
  mortise_status (*add_targets)(void* context, mortise_str session_id, const mortise_sync_target* targets, size_t count,
                                int64_t* record_ids, mortise_error* error);
  /* [start] [worker] Marks a pending record as being worked on. MORTISE_CLOSED: the session has ended, leave the target
   * alone. MORTISE_INVALID: the record has an outcome. */
  mortise_status (*start)(void* context, int64_t record_id, mortise_error* error);
  /* [start] [worker] Counters so far, of a record that is being worked on. MORTISE_INVALID when it is not. Owner:
   * counters borrowed. */
  mortise_status (*progress)(void* context, int64_t record_id, const mortise_sync_counters* counters,
                             mortise_error* error);
  /* [start] [worker] The outcome of one target; a second one replaces the first. `details`: JSON object with an integer
   * member "version" of 1, at most 64 KiB, or empty. The session ends when this was the last target. Owner: counters
   * borrowed. */
  mortise_status (*complete)(void* context, int64_t record_id, const mortise_sync_counters* counters,
                             mortise_str details, mortise_error* error);
  /* [start] [worker] The failure of one target; a second outcome replaces the first. `message` is shown to people: no
   * secrets; not empty, cut to 8 KiB. */
  mortise_status (*fail)(void* context, int64_t record_id, mortise_str message, mortise_str details,
                         mortise_error* error);
  /* [start] [worker] An error that belongs to no target: a failed record of instance 0, which counts in total and
   * failed. Does not end the session. */
  mortise_status (*log_error)(void* context, mortise_str session_id, mortise_str message, mortise_str details,
                              mortise_error* error);
  /* [start] [worker] Ends the session: completed, or failed when there was an error, when a target has no outcome, or
   * when `reason` is not empty (it is logged as an error). MORTISE_CLOSED when it had ended before: nothing is changed.
   */
  mortise_status (*finish)(void* context, mortise_str session_id, mortise_str reason, mortise_error* error);
  /* [start] [worker] Cancels a session, as people do over HTTP. MORTISE_CLOSED when it had ended before. */
  mortise_status (*cancel)(void* context, mortise_str session_id, mortise_error* error);
  /* [start] [worker] Non-zero: stop now; somebody cancelled the session, or it is gone. Cheap enough to ask between any
   * two steps: the answer is at most a second old, and at once where servers share events. */
  int32_t (*cancelled)(void* context, mortise_str session_id);
  /* [start] [worker] How a session stands. Owner: state filled. */
  mortise_status (*read)(void* context, mortise_str session_id, mortise_sync_state* state, mortise_error* error);
} mortise_sync_sessions_v1;

MORTISE_END_C
#endif
