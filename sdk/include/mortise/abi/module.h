/* The one symbol a module exports, and what the kernel hands it.
 *
 * Life: the kernel reads the manifest from the file without loading it; a module that passes every check is opened,
 * then create -> start -> { handle, run_job, lookup }* -> stop -> destroy. If create or start fails, whatever was
 * registered is taken back, destroy is called if create had succeeded, and the module is refused with the reason. stop
 * is called in reverse order of start; after stop no handle or run_job is running any more.
 * A command of the module (SDK 1.1) has a life of its own, in a process of its own, maybe beside a server on the same
 * data: create -> run_command, once -> destroy. So does `mortise doctor`, with the trials of health/1 in between.
 * Threads: create, start, stop, destroy [start]; handle in the lane that the contract names; run_job, run_command
 *   [worker]; lookup [any].
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_MODULE_H
#define MORTISE_ABI_MODULE_H

#include "base.h"

MORTISE_BEGIN_C

typedef struct mortise_host mortise_host;
typedef struct mortise_call mortise_call;       /* one request; see call.h */
typedef struct mortise_run mortise_run;         /* one run of a job; see jobs.h */
typedef struct mortise_command mortise_command; /* one command of the command line; see command.h */

/* What the kernel is to a module. Lives from before create until after destroy. */
struct mortise_host {
  uint32_t struct_size;
  uint16_t abi_major; /* of the kernel */
  uint16_t abi_minor;
  void* kernel; /* the kernel's own; do not touch */
  /* [any] The table of "db/1" and the like, or NULL when it is not served, or not named in the manifest's needs /
   * optional. The caller casts it to the struct of that interface's header. Owner: result lives until the host is
   * gone. */
  const void* (*lookup)(mortise_host* host, mortise_str interface_name);
};

/* `mortise_module_v1`: a const object of this type is all a module exports. */
typedef struct mortise_module {
  uint32_t struct_size; /* = sizeof(mortise_module), as the module was compiled */
  uint16_t abi_major;   /* = MORTISE_ABI_MAJOR */
  uint16_t abi_minor;   /* = MORTISE_MODULE_MINOR: least kernel minor that this module needs */

  /* The embedded manifest, made by `mortise embed` (also in the ELF section ".mortise.manifest"). */
  const char* manifest;
  const size_t* manifest_size;

  /* [start] Makes the module's state. Must not start threads, sockets or queries. On failure fills `error`. Required.
   * Owner: self freed by destroy. */
  mortise_status (*create)(mortise_host* host, void** self, mortise_error* error);
  /* [start] Begins work. The migrations of this module have run. Optional (NULL). */
  mortise_status (*start)(void* self, mortise_error* error);
  /* [start] Ends work; blocks until it has ended. Optional. */
  void (*stop)(void* self);
  /* [start] Frees the state. Required. Owner: self released. */
  void (*destroy)(void* self);

  /* [loop] [worker] Answers one request of one operation, in the lane that its contract names. Exactly one of: reply or
   * fail through call/1 and return MORTISE_OK; retain the call and return MORTISE_PENDING; return another status
   * (answered as 500, logged). Required when a contract has operations. Owner: call borrowed, unless it is retained. */
  mortise_status (*handle)(void* self, mortise_str operation_id, mortise_call* call);
  /* [worker] Runs one job declared in the manifest or put through jobs/1. MORTISE_OK = succeeded. Required when there
   * are jobs. Owner: run borrowed. */
  mortise_status (*run_job)(void* self, mortise_str job_id, mortise_run* run, mortise_error* error);
  /* [any] An interface this module provides to others ("ticker.clock/1"), or NULL. Optional. Owner: result lives until
   * destroy. */
  const void* (*lookup)(void* self, mortise_str interface_name);
  /* [start] Lists the operationIds (and job ids, and names of commands) it has code for, so that the kernel can compare
   * them with the contracts after create and before start: calls `each` once per id; `kind` is 'o' for an operation,
   * 'j' for a job, 'c' for a command (SDK 1.1). Required. Owner: each called. */
  void (*bindings)(void* self, void (*each)(void* context, char kind, mortise_str id), void* context);

  /* [worker] Runs one command that the manifest declares, of a module that was created and is never started. MORTISE_OK:
   * it ended, with the exit status that it wrote (0, which stands there before, to 125). Else it failed: the reason in
   * `error` is printed, and the exit status is 1. Required when there are commands. Since SDK 1.1. Owner: command
   * borrowed; exit_status filled. */
  mortise_status (*run_command)(void* self, mortise_str name, mortise_command* command, int32_t* exit_status,
                                mortise_error* error);
} mortise_module;

/* What `mortise embed` writes (the object it makes is linked into the module); for the initialiser of mortise_module_v1
 * only: .manifest = mortise_manifest, .manifest_size = &mortise_manifest_size */
extern __attribute__((visibility("hidden"))) const char mortise_manifest[];
extern __attribute__((visibility("hidden"))) const size_t mortise_manifest_size;

#define MORTISE_MODULE_SYMBOL "mortise_module_v1"
#define MORTISE_MANIFEST_SECTION ".mortise.manifest"

MORTISE_END_C
#endif
