/* events/1: publish and subscribe between modules and, through Redis, between servers.
 *
 * At most once, in order per subscription; nothing is stored. What must arrive belongs in db/1, with an event as the
 * hint to look there. A topic is dotted words, and begins with the name of the module that publishes it:
 * "scheduler.run_finished". Subscribe to one topic, or to a prefix that ends in '*'.
 * Threads: publish and subscribe [any], never block; the callback [worker], never two at once for one subscription;
 *   unsubscribe [any] but waits for a callback that is running (not when called from within it).
 * Ownership: texts are copied; an event lives for its callback only.
 * Errors: MORTISE_INVALID (a topic that breaks the rules), MORTISE_FULL (payload over 1 MiB).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_EVENTS_H
#define MORTISE_ABI_EVENTS_H

#include "module.h"

#define MORTISE_EVENTS_V1 "events/1"

MORTISE_BEGIN_C

typedef struct mortise_subscription mortise_subscription;

typedef struct mortise_event {
  uint32_t struct_size;
  int32_t remote; /* non-zero: published on another server */
  mortise_str topic;
  mortise_str payload; /* as published; JSON by custom */
  uint64_t lost;       /* events of this subscription that were dropped just before this one */
} mortise_event;

typedef struct mortise_events_v1 {
  uint32_t struct_size;
  /* [any] Queues for every subscriber, on other servers too, and returns. */
  mortise_status (*publish)(mortise_host* host, mortise_str topic, mortise_str payload, mortise_error* error);
  /* [any] Calls `callback` [worker] for each event of the topic, never twice at once. What is left when the module
   * stops is ended by the kernel. Owner: callback kept until unsubscribe, its context too; subscription freed by
   * unsubscribe. */
  mortise_status (*subscribe)(mortise_host* host, mortise_str topic,
                              void (*callback)(void* context, const mortise_event* event), void* context,
                              mortise_subscription** subscription, mortise_error* error);
  /* [any] When it returns, the callback is not called any more: it waits for one that is running, unless called from
   * within it. Owner: subscription released. */
  void (*unsubscribe)(mortise_host* host, mortise_subscription* subscription);
} mortise_events_v1;

MORTISE_END_C
#endif
