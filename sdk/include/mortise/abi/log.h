/* log/1: structured log lines. The kernel adds time, module and, inside a call, the request id. Never pass secrets.
 * Threads: [any], never blocks. Everything is copied.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_LOG_H
#define MORTISE_ABI_LOG_H

#include "module.h"

#define MORTISE_LOG_V1 "log/1"

MORTISE_BEGIN_C

typedef enum mortise_log_level {
  MORTISE_LOG_DEBUG = 1,
  MORTISE_LOG_INFO = 2,
  MORTISE_LOG_WARNING = 3,
  MORTISE_LOG_ERROR = 4,
  MORTISE_LOG_SIZE_ = 0x7fffffff
} mortise_log_level;

typedef struct mortise_log_v1 {
  uint32_t struct_size;
  /* [any] Writes one line; `fields` are shown behind the message. Owner: fields borrowed. */
  void (*write)(mortise_host* host, mortise_log_level level, mortise_str message, const mortise_pair* fields,
                size_t count);
  /* [any] Non-zero when lines of this level are written. */
  int32_t (*enabled)(mortise_host* host, mortise_log_level level);
} mortise_log_v1;

MORTISE_END_C
#endif
