/* auth.org_settings/1: what an organisation sets for its projects. Offered by the module auth.
 *
 * Look it up when it is used, not once in start(), where the module that uses it offers auth something, too: which of the
 * two starts first is not said. With auth.org_settings/1 under optional; without it the server's defaults count.
 * Threads: [worker] and [start]. Every function takes `context` of the table. Called in a transaction of db/1 of the same
 *   thread (Transaction::call), it reads what that transaction wrote.
 * Ownership: arguments are borrowed for the call. A sink is called on the caller's thread, once, before the function
 *   returns; what it is given is good until it returns.
 * Errors: MORTISE_UNAVAILABLE, MORTISE_FAILED.
 * Since: auth 1.0. */
#ifndef MORTISE_ABI_AUTH_ORG_SETTINGS_H
#define MORTISE_ABI_AUTH_ORG_SETTINGS_H

#include "mortise/abi/base.h"

#define MORTISE_AUTH_ORG_SETTINGS_V1 "auth.org_settings/1"

MORTISE_BEGIN_C

/* A number of -1: the organisation leaves it to the server. */
typedef struct mortise_org_settings {
  uint32_t struct_size;
  int64_t kb_retention_days;
  int64_t kb_max_context_words;
  int64_t kb_section_page_limit;
  int32_t restrict_project_visibility;          /* 1: members see only the projects that a group gives them */
  int32_t require_lease_epoch_on_ticket_writes; /* 1: whoever writes to a ticket names the lease epoch that it saw */
} mortise_org_settings;

/* [start] [worker] Gets the settings of one organisation. Owner: settings borrowed. */
typedef void (*mortise_org_settings_sink)(void* context, const mortise_org_settings* settings);

typedef struct mortise_auth_org_settings_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] The settings of an organisation; the defaults for one that set nothing, or does not exist. Owner:
   * sink called. */
  mortise_status (*read)(void* context, mortise_str org_id, mortise_org_settings_sink sink, void* sink_context,
                         mortise_error* error);
} mortise_auth_org_settings_v1;

MORTISE_END_C

#endif
