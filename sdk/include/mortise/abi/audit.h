/* audit/1: who did what to whom, in a table that only grows, for the operator.
 *
 * For acts that a person may have to answer for: a role changed, a key made, data of another user read. Not for what a
 * log is for.
 * Threads: [worker] [start].
 * Ownership: texts are copied.
 * Errors: MORTISE_INVALID (an action or details that break a rule), MORTISE_UNAVAILABLE and MORTISE_FULL (database). An
 *   act that must be recorded should fail when it cannot be.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_AUDIT_H
#define MORTISE_ABI_AUDIT_H

#include "call.h"
#include "module.h"

#define MORTISE_AUDIT_V1 "audit/1"

MORTISE_BEGIN_C

typedef struct mortise_audit_entry {
  uint32_t struct_size;
  /* dotted, begins with the module's name: "files.shared"; [a-z0-9_.], at most 64 bytes. Names without a dot are left
   * to the modules of the server, whose contracts fix some (since SDK 1.1) */
  mortise_str action;
  mortise_str target;  /* what it was done to: "file:ID"; may be empty */
  mortise_str details; /* JSON object, or empty; no secrets */
  mortise_call* call;  /* gives actor, address and request id; NULL outside a request: the actor is the module */
} mortise_audit_entry;

typedef struct mortise_audit_v1 {
  uint32_t struct_size;
  /* [start] [worker] Records one act. Durable when it returns. Owner: entry borrowed. */
  mortise_status (*record)(mortise_host* host, const mortise_audit_entry* entry, mortise_error* error);
} mortise_audit_v1;

MORTISE_END_C
#endif
