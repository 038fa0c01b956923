/* objects/1: named objects in the buckets of the operator's object store: an S3 service, or a folder of this machine
 * that behaves like one (docs/operations.md, [blobs]).
 *
 * For what people name themselves and other programs fetch by a link: probes, exports, hand-overs. A module's own data
 * belongs into blobs/1, which names by content, counts nothing twice and is scrubbed. Buckets are the operator's: they
 * must exist, and are never made here; every module that has this interface reaches every bucket that the server's
 * credentials reach. A put replaces what had the name, whole or not at all.
 *
 * Names of objects: 1 to 1024 bytes of UTF-8, parted by '/'; no leading '/', no empty, "." or ".." segment, no control
 * byte, no '\'. Buckets: 3 to 63 of [a-z0-9.-], beginning and ending with a letter or digit (Amazon S3 user guide,
 * "Bucket naming rules"); empty: the store's default bucket.
 *
 * Threads: [worker] [start].
 * Ownership: texts are copied; what a sink is given lives for that call only.
 * Errors: MORTISE_NOT_FOUND no_bucket, no_object; MORTISE_INVALID bucket_name, object_name, expiry; MORTISE_DENIED
 *   access_denied (the store refuses the server's credentials), clock_skew (its clock and ours are too far apart);
 *   MORTISE_FULL; MORTISE_UNAVAILABLE (the store does not answer).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_OBJECTS_H
#define MORTISE_ABI_OBJECTS_H

#include "call.h"
#include "module.h"

#define MORTISE_OBJECTS_V1 "objects/1"

MORTISE_BEGIN_C

typedef struct mortise_bucket {
  uint32_t struct_size;
  int32_t exists;
  int32_t is_default;
  int32_t secure;       /* the store is reached through TLS */
  mortise_str name;     /* the one asked for, or the default one */
  mortise_str endpoint; /* "host:port" of the store; of a local folder the host and port of this server */
} mortise_bucket;

typedef struct mortise_object {
  uint32_t struct_size;
  mortise_str bucket;
  mortise_str name;
  mortise_str etag;         /* as the store gives it, quotes included */
  mortise_str version_id;   /* empty: the bucket keeps no versions */
  mortise_str content_type; /* empty: none was given */
  uint64_t size;
  int64_t modified_at; /* microseconds since the epoch */
} mortise_object;

/* [start] [worker] Gets what is known of a bucket. Owner: bucket borrowed. */
typedef void (*mortise_bucket_sink)(void* context, const mortise_bucket* bucket);
/* [start] [worker] Gets one object. Owner: object borrowed. */
typedef void (*mortise_object_sink)(void* context, const mortise_object* object);
/* [start] [worker] Gets a link. */
typedef void (*mortise_url_sink)(void* context, mortise_str url);

typedef struct mortise_objects_v1 {
  uint32_t struct_size;
  /* [start] [worker] Asks the store whether the bucket is there. Only a store that gives no answer is an error. Owner:
   * sink called. */
  mortise_status (*bucket)(mortise_host* host, mortise_str bucket, mortise_bucket_sink sink, void* context,
                           mortise_error* error);
  /* [start] [worker] Stores bytes. Durable when it returns. `content_type` may be empty. Owner: sink called. */
  mortise_status (*put)(mortise_host* host, mortise_str bucket, mortise_str name, mortise_str bytes,
                        mortise_str content_type, mortise_object_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Stores a file without reading it into memory. Durable when it returns. `content_type` may be
   * empty. Owner: file borrowed; sink called. */
  mortise_status (*put_file)(mortise_host* host, mortise_str bucket, mortise_str name, mortise_file* file,
                             mortise_str content_type, mortise_object_sink sink, void* context, mortise_error* error);
  /* [start] [worker] What the store knows of one object. MORTISE_NOT_FOUND no_object when there is none. Owner: sink
   * called. */
  mortise_status (*stat)(mortise_host* host, mortise_str bucket, mortise_str name, mortise_object_sink sink,
                         void* context, mortise_error* error);
  /* [start] [worker] Opens for reading, as blobs/1 open does. Owner: file freed by close. */
  mortise_status (*open)(mortise_host* host, mortise_str bucket, mortise_str name, mortise_file** file,
                         mortise_error* error);
  /* [any] Closes a file that open gave, and no other. Owner: file released. */
  void (*close)(mortise_file* file);
  /* [start] [worker] Removes one object. MORTISE_NOT_FOUND no_object when there was none. */
  mortise_status (*remove)(mortise_host* host, mortise_str bucket, mortise_str name, mortise_error* error);
  /* [start] [worker] A link with which any client may fetch the object for `seconds` (1..604800) from now, without
   * credentials: an S3 presigned GET (AWS Signature Version 4, query parameters), or one to this server with the same
   * meaning. The object need not exist. Owner: sink called. */
  mortise_status (*presign)(mortise_host* host, mortise_str bucket, mortise_str name, int64_t seconds,
                            mortise_url_sink sink, void* context, mortise_error* error);
} mortise_objects_v1;

MORTISE_END_C
#endif
