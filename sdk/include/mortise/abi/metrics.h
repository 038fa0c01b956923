/* metrics/1: counters, gauges and histograms of the module, shown at /metrics for Prometheus.
 *
 * The kernel puts "mortise_<module>_" before every name. Get a handle once and keep it: using one is an atomic
 * operation. Few label values only: never a user, an address or an id.
 * Threads: making handles [any] (takes a lock); add, set, observe [any], also [loop]. Handles live as long as the host.
 * Ownership: texts are copied. NULL handles are allowed everywhere and do nothing.
 * Errors: MORTISE_INVALID: a name or label that Prometheus does not allow, or one used before as another kind or, for a
 *   histogram, with other bounds.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_METRICS_H
#define MORTISE_ABI_METRICS_H

#include "module.h"

#define MORTISE_METRICS_V1 "metrics/1"

MORTISE_BEGIN_C

typedef struct mortise_counter mortise_counter;
typedef struct mortise_gauge mortise_gauge;
typedef struct mortise_histogram mortise_histogram;

typedef struct mortise_metrics_v1 {
  uint32_t struct_size;
  /* [any] A number that only grows. The same name and labels give the same handle. Owner: labels borrowed; counter
   * lives until the host is gone. */
  mortise_status (*counter)(mortise_host* host, mortise_str name, mortise_str help, const mortise_pair* labels,
                            size_t labels_count, mortise_counter** counter, mortise_error* error);
  /* [any] A number that goes up and down. The same name and labels give the same handle. Owner: labels borrowed; gauge
   * lives until the host is gone. */
  mortise_status (*gauge)(mortise_host* host, mortise_str name, mortise_str help, const mortise_pair* labels,
                          size_t labels_count, mortise_gauge** gauge, mortise_error* error);
  /* [any] Counts values by size. `bounds`: upper bounds, ascending; NULL: 5 ms to 10 s, for durations in seconds.
   * Owner: labels borrowed; bounds borrowed; histogram lives until the host is gone. */
  mortise_status (*histogram)(mortise_host* host, mortise_str name, mortise_str help, const mortise_pair* labels,
                              size_t labels_count, const double* bounds, size_t bounds_count,
                              mortise_histogram** histogram, mortise_error* error);
  /* [any] Adds to a counter. */
  void (*add)(mortise_counter* counter, uint64_t by);
  /* [any] Sets a gauge. */
  void (*set)(mortise_gauge* gauge, int64_t value);
  /* [any] Adds to a gauge; `by` may be negative. */
  void (*change)(mortise_gauge* gauge, int64_t by);
  /* [any] Counts one value. */
  void (*observe)(mortise_histogram* histogram, double value);
} mortise_metrics_v1;

MORTISE_END_C
#endif
