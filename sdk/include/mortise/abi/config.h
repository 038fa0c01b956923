/* config/1: the module's own options, declared in module.yaml and set in its section of the configuration. Values are
 * checked and typed before create; they do not change while the module runs.
 * Threads: [any]. Texts live as long as the host.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_CONFIG_H
#define MORTISE_ABI_CONFIG_H

#include "module.h"

#define MORTISE_CONFIG_V1 "config/1"

MORTISE_BEGIN_C

typedef struct mortise_config_v1 {
  uint32_t struct_size;
  /* [any] Value of one option (a duration in milliseconds, a size in bytes). MORTISE_NOT_FOUND for a name that
   * module.yaml does not declare. Owner: value filled, its text lives until the host is gone. */
  mortise_status (*get)(mortise_host* host, mortise_str option, mortise_value* value);
  /* [any] The i-th value of a list option; MORTISE_NOT_FOUND past its end. Owner: value filled, its text lives until
   * the host is gone. */
  mortise_status (*get_at)(mortise_host* host, mortise_str option, size_t index, mortise_value* value);
  /* [any] A value of the server itself that modules may read: "http.public_url", "server.version", "server.name",
   * "data.dir" (below it a module keeps files in a directory of its own name), and "http.base_url", under which clients
   * reach the server: http.public_url, else the first address it listens on, without a slash at its end (not there
   * before it listens, and not while it only listens on a Unix socket). MORTISE_NOT_FOUND for others. Owner: value
   * filled, its text lives until the host is gone. */
  mortise_status (*server)(mortise_host* host, mortise_str name, mortise_value* value);
} mortise_config_v1;

MORTISE_END_C
#endif
