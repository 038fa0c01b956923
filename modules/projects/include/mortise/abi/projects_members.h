/* projects.members/1: what becomes of an organisation's projects when somebody leaves it. Offered by the module projects.
 *
 * Look it up when it is used, not once in start(): the module that keeps organisations offers projects something, too, and
 * which of the two starts first is not said. With projects.members/1 under optional; without it nobody has projects.
 * Threads: [worker]. Every function takes `context` of the table. Call it in the transaction that ends the membership
 *   (Transaction::call): what it writes belongs to that transaction.
 * Ownership: arguments are borrowed for the call.
 * Errors: MORTISE_UNAVAILABLE, MORTISE_FAILED.
 * Since: projects 1.0. */
#ifndef MORTISE_ABI_PROJECTS_MEMBERS_H
#define MORTISE_ABI_PROJECTS_MEMBERS_H

#include "mortise/abi/base.h"

#define MORTISE_PROJECTS_MEMBERS_V1 "projects.members/1"

MORTISE_BEGIN_C

/* What was done for a member who left. */
typedef struct mortise_member_departure {
  uint32_t struct_size;
  int64_t projects_transferred;        /* projects of the organisation that were this member's */
  int64_t pending_transfers_cancelled; /* that hung on the membership */
} mortise_member_departure;

typedef struct mortise_projects_members_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [worker] A member leaves the organisation. Its projects that this member owns are owned by `heir` from now on;
   * transfers that hung on the membership are cancelled; the member leaves the organisation's groups of projects, and its
   * personas stand for the member no longer. Personal projects stay. Owner: out filled. */
  mortise_status (*left)(void* context, mortise_str org_id, mortise_str user_id, mortise_str heir,
                         mortise_member_departure* out, mortise_error* error);
} mortise_projects_members_v1;

MORTISE_END_C

#endif
