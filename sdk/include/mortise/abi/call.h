/* call/1: one request, from the handler's side: typed input, the principal, and the ways to answer.
 *
 * A call ends when its handler returns, or, when it was retained, when it is released. Until then any thread may read
 * it and answer it. What an answer is made of is copied. The kernel has already matched the route, checked
 * limits, credentials, permission and the shape of parameters and body by the contract.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_CALL_H
#define MORTISE_ABI_CALL_H

#include "json.h"
#include "module.h"

#define MORTISE_CALL_V1 "call/1"

MORTISE_BEGIN_C

typedef struct mortise_stream mortise_stream;       /* a reply that goes on (SSE) */
typedef struct mortise_websocket mortise_websocket; /* an upgraded connection */
typedef struct mortise_file mortise_file;           /* bytes on disk: an uploaded part, or a blob opened for reading */

typedef enum mortise_in {
  MORTISE_IN_PATH = 0,
  MORTISE_IN_QUERY = 1,
  MORTISE_IN_HEADER = 2,
  MORTISE_IN_SIZE_ = 0x7fffffff
} mortise_in;

typedef enum mortise_credential {
  MORTISE_CREDENTIAL_NONE = 0,
  MORTISE_CREDENTIAL_BEARER = 1, /* access token */
  MORTISE_CREDENTIAL_KEY = 2,    /* API key */
  MORTISE_CREDENTIAL_COOKIE = 3,
  MORTISE_CREDENTIAL_QUERY = 4, /* access token in the query, where the contract allows it */
  MORTISE_CREDENTIAL_SIZE_ = 0x7fffffff
} mortise_credential;

/* Who calls. Lives as long as the call. */
typedef struct mortise_principal {
  uint32_t struct_size;
  mortise_credential credential; /* NONE: no user is signed in */
  mortise_str user_id;
  mortise_str username; /* may be empty */
  mortise_str email;    /* may be empty */
  mortise_str role;     /* kernel role: user, admin, super_admin, viewer, ... */
  mortise_str session_id;
  mortise_str key_id;
  /* Of an API key; empty otherwise. A service key runs as user_id, within its organisation and projects. */
  int32_t is_service_key;
  mortise_str key_name;
  mortise_str key_org_id;
  mortise_str key_project_ids; /* JSON list of texts; empty: every project */
  /* Of the account that the caller acts as. */
  int64_t user_number;     /* see mortise_user */
  int32_t email_confirmed; /* non-zero: the address was proved */
  mortise_str tier;        /* effective: the organisation's, else the user's own; admin for administrators */
  mortise_str org_id;      /* empty: in no organisation */
  mortise_str org_role;    /* owner, admin, member; empty: in none */
} mortise_principal;

/* A file part, or a plain field, of a multipart body. */
typedef struct mortise_part {
  uint32_t struct_size;
  int32_t is_file;
  mortise_str name;
  mortise_str filename; /* as the client sent it: never a path to use */
  mortise_str content_type;
  mortise_str value; /* plain field */
  uint64_t size;
  mortise_file* file; /* file part; belongs to the call */
} mortise_part;

typedef struct mortise_reply {
  uint32_t struct_size;
  int32_t status;             /* 200..399; up to 599 for operations with x-mortise-envelope: false */
  mortise_str json;           /* bare JSON value; the dialect wraps it. Empty: no data */
  mortise_str message;        /* catalogue key of a success text, or empty */
  const mortise_pair* fields; /* further header fields; CR, LF and NUL are refused */
  size_t fields_count;
  /* Instead of json, for operations with x-mortise-envelope: false: any bytes with their type. */
  mortise_str raw;
  mortise_str content_type;
  const mortise_pair* message_params; /* fill the success text */
  size_t message_params_count;
} mortise_reply;

/* A file as the answer. */
typedef struct mortise_file_reply {
  uint32_t struct_size;
  int32_t status;             /* 200 */
  mortise_str content_type;   /* empty: application/octet-stream */
  mortise_str download_name;  /* non-empty: Content-Disposition: attachment per RFC 6266 */
  mortise_str etag;           /* as it is sent, quotes included; empty: none. RFC 9110 section 8.8.3 */
  int64_t last_modified;      /* microseconds since the epoch; 0: none */
  const mortise_pair* fields; /* further header fields; a Content-Disposition among them excludes download_name */
  size_t fields_count;
} mortise_file_reply;

typedef struct mortise_stream_options {
  uint32_t struct_size;
  int32_t status;            /* 200 */
  mortise_str content_type;  /* empty: text/event-stream with its usual fields and heartbeats */
  int32_t heartbeat_seconds; /* 0: 15 */
  void* context;
  /* [loop] Called once, as the last callback, when the stream has ended for whatever reason; also before stream_open
   * has returned. May be NULL. */
  void (*closed)(void* context);
  /* [loop] The queue fell below a quarter after it had been above. May be NULL. */
  void (*drained)(void* context);
} mortise_stream_options;

typedef struct mortise_websocket_options {
  uint32_t struct_size;
  mortise_str subprotocol; /* one of the offered ones, or empty */
  size_t max_message;      /* bytes; 0: 1 MiB */
  size_t max_queue;        /* bytes towards the client; 0: 1 MiB */
  int32_t ping_seconds;    /* 0: 30 */
  void* context;
  /* [loop] One whole message of the client. May be NULL. Owner: socket borrowed. */
  void (*message)(void* context, mortise_websocket* socket, int32_t binary, mortise_str message);
  /* [loop] Called exactly once, as the last callback; also before upgrade has returned. May be NULL. */
  void (*closed)(void* context, int32_t code, mortise_str reason);
  /* [loop] The queue fell below a quarter after it had been above. May be NULL. */
  void (*drained)(void* context);
} mortise_websocket_options;

typedef struct mortise_call_v1 {
  uint32_t struct_size;

  /* [any] The operationId of the contract. Owner: result lives until the call ends. */
  mortise_str (*operation_id)(mortise_call* call);
  /* [any] The id that the reply carries (X-Request-Id): the client's own, if it sent one, else the one of the log's
   * request_id. Owner: result lives until the call ends. */
  mortise_str (*request_id)(mortise_call* call);
  /* [any] The HTTP method, in capitals. Owner: result lives until the call ends. */
  mortise_str (*method)(mortise_call* call);
  /* [any] The path as sent, without query. Owner: result lives until the call ends. */
  mortise_str (*path)(mortise_call* call);
  /* [any] The client's address, by the trusted-proxy rules. Owner: result lives until the call ends. */
  mortise_str (*address)(mortise_call* call);
  /* [any] The language chosen for this request: "en", "zh-CN". Owner: result lives until the call ends. */
  mortise_str (*language)(mortise_call* call);
  /* [any] Who calls; its credential is NONE when no user is signed in. Owner: result lives until the call ends. */
  const mortise_principal* (*principal)(mortise_call* call);
  /* [any] Non-zero when the caller has the permission ("scheduler.admin"). */
  int32_t (*permitted)(mortise_call* call, mortise_str permission);

  /* [any] A parameter the contract declares, converted to its type; default filled in. MORTISE_NOT_FOUND when absent.
   * Repeated query parameters: index 0, 1, ... Owner: value filled, its text lives until the call ends. */
  mortise_status (*parameter)(mortise_call* call, mortise_in in, mortise_str name, size_t index, mortise_value* value);
  /* [any] Any request header field, its first value; empty when absent. Owner: result lives until the call ends. */
  mortise_str (*header)(mortise_call* call, mortise_str name);
  /* [any] The JSON body, or NULL when there is none. Owner: result lives until the call ends. */
  const mortise_json* (*body)(mortise_call* call);
  /* [any] The bytes of a body kept in memory; empty when it was streamed to disk. Owner: result lives until the call
   * ends. */
  mortise_str (*raw_body)(mortise_call* call);
  /* [any] The number of parts of a multipart body. */
  size_t (*parts)(mortise_call* call);
  /* [any] One part. MORTISE_NOT_FOUND past the last one. Owner: part filled, what it points to lives until the call
   * ends. */
  mortise_status (*part)(mortise_call* call, size_t index, mortise_part* part);
  /* [any] A raw upload that was streamed to disk, or NULL. Owner: result lives until the call ends. */
  mortise_file* (*body_file)(mortise_call* call);

  /* [start] [worker] Reads at `offset`; returns bytes read, 0 at the end, -1 on an error. Owner: buffer filled. */
  int64_t (*file_read)(mortise_file* file, uint64_t offset, char* buffer, size_t size);
  /* [any] The size in bytes. */
  uint64_t (*file_size)(mortise_file* file);

  /* [any] Answers with success. The first answer counts; a later one returns MORTISE_CLOSED. Owner: reply borrowed. */
  mortise_status (*reply)(mortise_call* call, const mortise_reply* reply);
  /* [any] Answers with a refusal. The first answer counts; a later one returns MORTISE_CLOSED. Owner: problem borrowed.
   */
  mortise_status (*fail)(mortise_call* call, const mortise_problem* problem);
  /* [any] Answers with a file (with Range, ETag, HEAD by the kernel). `download_name` non-empty: Content-Disposition:
   * attachment per RFC 6266. The first answer counts; a later one returns MORTISE_CLOSED. The kernel keeps what it
   * needs of `file`. Owner: file borrowed. */
  mortise_status (*reply_file)(mortise_call* call, mortise_file* file, mortise_str content_type,
                               mortise_str download_name, mortise_str etag);

  /* [any] Answer later: retain, return MORTISE_PENDING from handle, then answer and release. */
  void (*retain)(mortise_call* call);
  /* [any] Ends what retain began. A call that is released for the last time without an answer becomes 500. Owner: call
   * released. */
  void (*release)(mortise_call* call);
  /* [any] Non-zero when the client has disconnected. */
  int32_t (*client_gone)(mortise_call* call);

  /* [any] Answers with a stream (lane `stream`). NULL when the call was answered already. Owner: options borrowed, its
   * context and functions kept until closed was called; result freed by stream_release. */
  mortise_stream* (*stream_open)(mortise_call* call, const mortise_stream_options* options);
  /* [any] Sends one SSE event; empty event or id are left out; data may have several lines. MORTISE_CLOSED when the
   * client is gone or was dropped as too slow. */
  mortise_status (*stream_event)(mortise_stream* stream, mortise_str event, mortise_str id, mortise_str data);
  /* [any] Sends bytes, for other content types. MORTISE_CLOSED as in stream_event. */
  mortise_status (*stream_write)(mortise_stream* stream, mortise_str bytes);
  /* [any] The bytes that wait to be sent. */
  size_t (*stream_queued)(mortise_stream* stream);
  /* [any] Ends the stream; what was sent still arrives. */
  void (*stream_close)(mortise_stream* stream);
  /* [any] Lets go of the handle. It does not close the stream. Owner: stream released. */
  void (*stream_release)(mortise_stream* stream);

  /* [any] The sub-protocols that the client offers, in its order of preference: writes at most `capacity` of them and
   * returns how many there are. Owner: names filled, its texts live until the call ends. */
  size_t (*offered_subprotocols)(mortise_call* call, mortise_str* names, size_t capacity);
  /* [any] Upgrades to a WebSocket, in operations with x-mortise-websocket: true. NULL when the call was answered
   * already, or the client did not offer the sub-protocol. Owner: options borrowed, its context and functions kept
   * until closed was called; result freed by websocket_release. */
  mortise_websocket* (*upgrade)(mortise_call* call, const mortise_websocket_options* options);
  /* [any] Sends one message. MORTISE_CLOSED when the connection is gone or was dropped as too slow; MORTISE_INVALID for
   * text that is not UTF-8. */
  mortise_status (*websocket_send)(mortise_websocket* socket, int32_t binary, mortise_str message);
  /* [any] Starts the closing handshake. `reason` is cut to 123 bytes. */
  void (*websocket_close)(mortise_websocket* socket, int32_t code, mortise_str reason);
  /* [any] Stops (non-zero) and resumes reading from the client. */
  void (*websocket_pause)(mortise_websocket* socket, int32_t paused);
  /* [any] The bytes that wait to be sent. */
  size_t (*websocket_queued)(mortise_websocket* socket);
  /* [any] Lets go of the handle. It does not close the connection. Owner: socket released. */
  void (*websocket_release)(mortise_websocket* socket);

  /* [any] reply_file with header fields and Last-Modified. Keeps what it needs of `file`. MORTISE_INVALID: a field that
   * breaks a rule of mortise_reply, both kinds of Content-Disposition, or another status than 200. Owner: file
   * borrowed; reply borrowed. */
  mortise_status (*send_file)(mortise_call* call, mortise_file* file, const mortise_file_reply* reply);

  /* Since SDK 1.1; check struct_size. */

  /* [any] Non-zero when no client waits for the answer any more: the time that the operation may take is over (the
   * kernel has answered 504, or is about to), or the client has disconnected. Costs less than a microsecond: ask it in
   * every loop whose length the request decides, and then return; what the handler answers is dropped. */
  int32_t (*expired)(mortise_call* call);
  /* [any] Cuts a stream whose rest will not come: the client sees that the body is not whole. What waits to be sent may be
   * lost. Let go of the handle afterwards, as after stream_close. */
  void (*stream_abort)(mortise_stream* stream);
  /* [any] Says that a function which the module gave to the kernel has failed, from inside that function: it has no result,
   * and nothing may be thrown out of it. `callback` names it ("stream closed"). The kernel logs it with the operation and
   * the request id, where there are such, and counts it in mortise_module_callback_failures_total. */
  void (*callback_failed)(mortise_host* host, mortise_str callback, mortise_str reason);
  /* [any] The language that the client asks for, else the one that the operator has chosen (http.default_language), else
   * empty: for texts that are read elsewhere than in the answer, mails above all, and are English where neither
   * names one. `language` falls back on the contract instead. Owner: result lives until the call ends. */
  mortise_str (*asked_language)(mortise_call* call);
  /* [any] What the kernel counts the client as where it limits clients: an IPv4 address in one spelling, however it was
   * written, the /64 of an IPv6 address ("2001:db8::/64"), else address() as it is. Owner: result lives until the call
   * ends. */
  mortise_str (*network)(mortise_call* call);
} mortise_call_v1;

MORTISE_END_C
#endif
