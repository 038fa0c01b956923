/* mail/1: sends mail through the configured relay, in the background.
 *
 * send() queues: it copies the mail and returns. The kernel tries three times with back-off (a 5xx refusal is final),
 * then tells `done`.
 * Threads: send [any]; done [worker].
 * Errors: MORTISE_UNAVAILABLE (no mail.url configured), MORTISE_FULL (queue), MORTISE_INVALID (an address or subject
 *   that breaks a rule: CR, LF, NUL, no '@').
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
  /* [worker] Called once with the outcome; may be NULL. Not called for mails that send() refused, nor after the module
   * was stopped. */
  void (*done)(void* context, mortise_status status, mortise_str reason);
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
