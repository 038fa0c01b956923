/* What a command of a module has: its arguments, and the terminal. `commands:` in module.yaml declares it; `mortise MODULE
 * COMMAND ...` runs it, through run_command of the module's table (module.h).
 *
 * The command works on the data that the configuration names, as the owner of data.dir, with every host interface that
 * the module needs. The migrations have run; modules whose interfaces it needs are created, too, those under `optional`
 * are not. No module is started, no job runs, and mails are queued for a server to send. A server may run on the same
 * data at the same time: leave alone what it keeps in memory or holds on disk.
 * Threads: all [any], while run_command runs.
 * Ownership: texts of arguments live until run_command returns; what is written is copied.
 * Since: SDK 1.1. */
#ifndef MORTISE_ABI_COMMAND_H
#define MORTISE_ABI_COMMAND_H

#include "module.h"

MORTISE_BEGIN_C

struct mortise_command {
  uint32_t struct_size;
  void* kernel; /* the kernel's own; do not touch */
  /* [any] The value of an argument that module.yaml declares: what was given, else its default. A boolean, an integer
   * (also for the types duration, in milliseconds, and size, in bytes) or a text, which the kernel has checked.
   * MORTISE_NOT_FOUND: it was not given and has no default. MORTISE_INVALID: there is no such argument. Owner: value
   * filled. */
  mortise_status (*argument)(mortise_command* command, mortise_str name, mortise_value* value);
  /* [any] Writes a piece of text to standard output, at once. Control characters but line feed and tab are shown as ?:
   * they would steer the terminal. What is no UTF-8 is replaced. */
  void (*write)(mortise_command* command, mortise_str text);
  /* [any] The same to standard error: what is no result. */
  void (*write_error)(mortise_command* command, mortise_str text);
  /* [any] Non-zero: end within a second. The operator pressed Ctrl-C, or the reader of the output has ended. Requests
   * of http_client/1 that are under way then end by themselves. */
  int32_t (*stopped)(mortise_command* command);
};

MORTISE_END_C
#endif
