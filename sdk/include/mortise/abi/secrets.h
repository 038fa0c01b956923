/* secrets/1: keys and sealed values that hold across restarts, from the server's master secret, which never leaves the
 * kernel.
 *
 * A password that the operator sets is an option of the module with `secret: true` (config/1); a secret of the server
 * is asked for by name here. What is derived or sealed under one purpose is of no use under another; purposes of two
 * modules never meet.
 * Threads: [any]; none blocks.
 * Ownership: what a sink is given lives for that call only: copy it, wipe it when done.
 * Errors: MORTISE_NOT_FOUND, MORTISE_INVALID (an empty purpose, a size out of range), MORTISE_DENIED (unseal: altered,
 *   sealed for another purpose, or with another master secret).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_SECRETS_H
#define MORTISE_ABI_SECRETS_H

#include "module.h"

#define MORTISE_SECRETS_V1 "secrets/1"

MORTISE_BEGIN_C

typedef void (*mortise_secret_sink)(void* context, mortise_str bytes);

typedef struct mortise_secrets_v1 {
  uint32_t struct_size;
  /* [any] A secret that the operator set for this module by name. Owner: sink called. */
  mortise_status (*named)(mortise_host* host, mortise_str name, mortise_secret_sink sink, void* context,
                          mortise_error* error);
  /* [any] `size` bytes (1..8160), the same for the same purpose, now and after a restart. HKDF-SHA-256. Owner: sink
   * called. */
  mortise_status (*derive)(mortise_host* host, mortise_str purpose, size_t size, mortise_secret_sink sink,
                           void* context, mortise_error* error);
  /* [any] Encrypts and authenticates at most 64 KiB; the result is printable text. XChaCha20-Poly1305. Owner: sink
   * called. */
  mortise_status (*seal)(mortise_host* host, mortise_str purpose, mortise_str plain, mortise_secret_sink sink,
                         void* context, mortise_error* error);
  /* [any] The text that seal was given for this purpose. Owner: sink called. */
  mortise_status (*unseal)(mortise_host* host, mortise_str purpose, mortise_str sealed, mortise_secret_sink sink,
                           void* context, mortise_error* error);
} mortise_secrets_v1;

MORTISE_END_C
#endif
