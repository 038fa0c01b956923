/* sync.captured_sessions/1: what other modules may know of people's sessions with coding agents: of which repositories
 * and projects they are, and what happened in one. Offered by the module sync.
 *
 * Look it up when it is used, not once in start(): sync asks projects.directory/1 of the module projects, and which of the
 * two starts first is not said. With sync.captured_sessions/1 under optional; without it nobody has a session.
 * Threads: [worker] and [start]. Every function takes `context` of the table. Called in a transaction of db/1 of the same
 *   thread (Transaction::call), it reads what that transaction wrote, and its writes belong to that transaction.
 * Ownership: arguments are borrowed for the call. Sinks are called on the caller's thread before the function returns;
 *   what they are given is good until they return.
 * Errors: MORTISE_NOT_FOUND and MORTISE_INVALID as each function says, MORTISE_UNAVAILABLE, MORTISE_FAILED.
 * Remotes are normalised (mortise/git_remote.hpp). Sessions in the trash are none here.
 * The event sync.session_pushed tells of each push once it is stored: {"session_id", "user_id", "project_id", "etag"}; the
 * project is the one it was filed under, or null. Like every event it may be lost.
 * Since: sync 1.0. */
#ifndef MORTISE_ABI_CAPTURED_SESSIONS_H
#define MORTISE_ABI_CAPTURED_SESSIONS_H

#include "mortise/abi/base.h"

#define MORTISE_CAPTURED_SESSIONS_V1 "sync.captured_sessions/1"

MORTISE_BEGIN_C

typedef struct mortise_captured_session {
  uint32_t struct_size;
  mortise_str id;
  mortise_str user_id;
  mortise_str project_id; /* that it was filed under; empty: none */
  mortise_str git_remote; /* empty: none */
  mortise_str title;      /* empty: none */
  mortise_str etag;       /* of its archive: changes with each push */
  int64_t updated_at;     /* microseconds since the epoch */
} mortise_captured_session;

/* [start] [worker] Gets one session. Owner: session borrowed. */
typedef void (*mortise_captured_session_sink)(void* context, const mortise_captured_session* session);

typedef struct mortise_captured_sessions_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] Has the user a session that was filed under the project, or is of one of these remotes? 0 or 1.
   * Owner: remotes borrowed; answer filled. */
  mortise_status (*has_any)(void* context, mortise_str user_id, mortise_str project_id, const mortise_str* remotes,
                            size_t count, int32_t* answer, mortise_error* error);
  /* [start] [worker] Of which projects and remotes the user's sessions are (empty: none), and how many of each pair; the
   * 10000 pairs with the most sessions. Owner: sink called. */
  mortise_status (*places)(void* context, mortise_str user_id,
                           void (*sink)(void* sink_context, mortise_str project_id, mortise_str git_remote,
                                        int64_t sessions),
                           void* sink_context, mortise_error* error);
  /* [start] [worker] The user's sessions of a remote, the last pushed first, at most `limit` (1..100). Owner: sink called.
   */
  mortise_status (*newest)(void* context, mortise_str user_id, mortise_str git_remote, int64_t limit,
                           mortise_captured_session_sink sink, void* sink_context, mortise_error* error);
  /* [start] [worker] One session. MORTISE_NOT_FOUND. Owner: sink called. */
  mortise_status (*find)(void* context, mortise_str session_id, mortise_captured_session_sink sink, void* sink_context,
                         mortise_error* error);
  /* [worker] What happened in a session, as a JSON object (Summary of the API): the summary that is kept of its archive,
   * else a new one, for which the archive is read: two minutes at most, behind a wait of two at most. `etag` is that of the archive.
   * MORTISE_NOT_FOUND; MORTISE_INVALID: it has no messages; MORTISE_UNAVAILABLE: too much waits. Not in a transaction.
   * Owner: sink called. */
  mortise_status (*summary)(void* context, mortise_str session_id,
                            void (*sink)(void* sink_context, mortise_str etag, mortise_str json), void* sink_context,
                            mortise_error* error);
  /* [start] [worker] Sessions filed under project `from`, those in the trash too, are filed under `into` from now on; empty:
   * under none. */
  mortise_status (*move_project)(void* context, mortise_str from, mortise_str into, mortise_error* error);
  /* [start] [worker] Waits a handoff to be claimed that names this persona in one of these projects? 0 or 1. The name
   * as the project writes it. MORTISE_INVALID: more than 500 projects. Owner: project_ids borrowed; answer filled. */
  mortise_status (*pending_handoff_of_persona)(void* context, const mortise_str* project_ids, size_t count,
                                               mortise_str persona_name, int32_t* answer, mortise_error* error);
} mortise_captured_sessions_v1;

MORTISE_END_C

#endif
