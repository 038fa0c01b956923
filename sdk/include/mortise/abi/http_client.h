/* http_client/1: requests to other servers, within the operator's policy on where this server may connect.
 *
 * Any status is a response; only a request that got none is an error. TLS certificates are checked. By default only
 * public addresses are allowed: the operator opens private ones.
 * Threads: [start] [worker]; perform blocks until the whole exchange is over. Sinks are called on the same thread
 *   before it returns; what they are given lives for that call only.
 * Errors (code): MORTISE_INVALID (bad_request: URL, method or header field not understood), MORTISE_DENIED
 *   (address_refused: the host is, or resolves to, an address that this server may not reach), MORTISE_TIMEOUT
 *   (timeout), MORTISE_FULL (response_too_large), MORTISE_CLOSED (stopped: `piece` or `stopped` said so), MORTISE_UNAVAILABLE
 *   (connection_failed: name, connect, TLS or transfer failed).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_HTTP_CLIENT_H
#define MORTISE_ABI_HTTP_CLIENT_H

#include "module.h"

#define MORTISE_HTTP_CLIENT_V1 "http_client/1"

MORTISE_BEGIN_C

typedef struct mortise_http_request {
  uint32_t struct_size;
  /* 0: a redirect is the response; each hop is checked again, credentials stay with their origin */
  int32_t max_redirects;
  mortise_str method; /* empty: GET */
  mortise_str url;    /* absolute, http or https, without user info */
  const mortise_pair* fields;
  size_t fields_count;
  mortise_str body;
  int64_t connect_timeout_ms; /* 0: 5000 */
  int64_t timeout_ms;         /* whole exchange; 0: 30000; -1: none, then only idle_timeout_ms holds */
  int64_t idle_timeout_ms;    /* no byte for that long; 0: 60000 */
  uint64_t max_response;      /* bytes of the response body; 0: 8 MiB */
  void* context;
  /* [start] [worker] When set, the response body goes here piece by piece instead of into the response, and
   * max_response does not hold unless it is set. Returning 0 stops the exchange. May be NULL. */
  int32_t (*piece)(void* context, mortise_str bytes);
  /* [start] [worker] Asked about once a second while the exchange lasts, on the same thread; not 0 ends it:
   * MORTISE_CLOSED (stopped). May be NULL. Since: SDK 1.1; an older kernel does not ask. */
  int32_t (*stopped)(void* context);
  /* 1: public addresses only, even where the operator lets modules reach private ones: for addresses that users choose.
   * Since: SDK 1.1; an older kernel goes by the operator's word alone. */
  int32_t public_only;
} mortise_http_request;

typedef struct mortise_http_response {
  uint32_t struct_size;
  int32_t status;
  const mortise_pair* fields; /* names in lower case, of the last hop, in order */
  size_t fields_count;
  mortise_str body;
  mortise_str url; /* after redirects */
} mortise_http_response;

/* [start] [worker] Gets the response. Owner: response borrowed. */
typedef void (*mortise_http_response_sink)(void* context, const mortise_http_response* response);

typedef struct mortise_http_client_v1 {
  uint32_t struct_size;
  /* [start] [worker] Sends the request; gives the response to `sink` once when there was one. Owner: request borrowed;
   * sink called. */
  mortise_status (*perform)(mortise_host* host, const mortise_http_request* request, mortise_http_response_sink sink,
                            void* context, mortise_error* error);
} mortise_http_client_v1;

MORTISE_END_C
#endif
