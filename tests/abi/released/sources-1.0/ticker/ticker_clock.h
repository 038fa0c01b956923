/* ticker.clock/1: how often the ticker has ticked. Offered by the module ticker; copy this header to use it:
 *   const auto* clock = host.lookup<ticker_clock_v1>("ticker.clock/1");    in start(), with ticker.clock/1 under needs
 * or optional Threads: [any]. Since: ticker 1.0. */
#ifndef TICKER_CLOCK_H
#define TICKER_CLOCK_H

#include <stdint.h>

typedef struct ticker_clock_v1 {
  uint32_t struct_size;
  void* context;                    /* hand it to each function */
  int64_t (*number)(void* context); /* of the last tick; 0 before the first */
} ticker_clock_v1;

#endif
