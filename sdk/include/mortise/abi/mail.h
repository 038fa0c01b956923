/* mail/1: sends mail through the configured relay, in the background.
 *
 * send() writes the mail into a queue in the database, sealed, and returns: from then on it is not lost when the server
 * dies. The kernel tries with growing pauses until the mail's expiry, for a day at most (a 5xx answer to the mail is
 * final), then tells `done`. Rarely a mail arrives twice: when a server dies between the relay's answer and its note of
 * it.
 * On a thread with a transaction that others may join (db/1 join), the mail is queued with the commit, and not at all
 * after a rollback. On an I/O thread, and inside a plain transaction of db/1, it is queued a moment after send()
 * returned; a server that is killed in that moment loses it.
 * Threads: send [any]; done [worker].
 * Errors: MORTISE_UNAVAILABLE (no mail.url configured, or the queue is full), MORTISE_INVALID (an address or subject
 *   that breaks a rule: CR, LF, NUL, no '@'; texts of more than 1 MiB).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_MAIL_H
#define MORTISE_ABI_MAIL_H

#include "module.h"

#define MORTISE_MAIL_V1 "mail/1"

MORTISE_BEGIN_C

typedef struct mortise_mail {
  uint32_t struct_size;
  mortise_str to;      /* one address */
  mortise_str subject; /* UTF-8, one line */
  mortise_str text;    /* plain text part, required */
  mortise_str html;    /* HTML part, optional */
  void* context;
  /* [worker] Called once with the outcome, which may take as long as the mail may wait; may be NULL. Not called for mails
   * that send() refused, nor after the module was stopped: of a mail that is sent after a restart, or by another server
   * of the cluster, nothing is told. MORTISE_OK: the relay took it. MORTISE_DENIED: the relay refused it.
   * MORTISE_UNAVAILABLE: its time was over. MORTISE_CLOSED: it was not queued after all (rollback). */
  void (*done)(void* context, mortise_status status, mortise_str reason);
  /* Microseconds since the epoch after which the mail is not sent any more, since what it says no longer holds; 0, or
   * more than a day ahead: a day. Since SDK 1.1. */
  int64_t expires_at;
} mortise_mail;

typedef struct mortise_mail_v1 {
  uint32_t struct_size;
  /* [any] Queues a mail and returns. Owner: mail borrowed, its context and done kept until done was called or the
   * module was stopped. */
  mortise_status (*send)(mortise_host* host, const mortise_mail* mail, mortise_error* error);
  /* [any] Non-zero when the operator has set mail.url. */
  int32_t (*configured)(mortise_host* host);
} mortise_mail_v1;

MORTISE_END_C
#endif
