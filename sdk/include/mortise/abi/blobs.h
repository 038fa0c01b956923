/* blobs/1: immutable byte strings on disk (or in an object store), named by their content.
 *
 * The same bytes always have the same key, and lie there once: count your references before you remove one. Keep names,
 * types and owners in your own tables. A module sees its own blobs only.
 * Threads: [worker] [start]; a writer on one thread at a time.
 * Ownership: keys are copied; what a sink is given lives for that call only.
 * Errors: MORTISE_NOT_FOUND, MORTISE_INVALID (a bad key), MORTISE_FULL (disk or quota), MORTISE_UNAVAILABLE (the store
 *   does not answer).
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_BLOBS_H
#define MORTISE_ABI_BLOBS_H

#include "call.h"
#include "module.h"

#define MORTISE_BLOBS_V1 "blobs/1"

MORTISE_BEGIN_C

typedef struct mortise_blob_writer mortise_blob_writer;

typedef struct mortise_blob {
  uint32_t struct_size;
  mortise_str key;    /* what to keep: opaque, at most 200 bytes */
  mortise_str sha256; /* hex: a good ETag */
  uint64_t size;
  int64_t stored_at; /* microseconds since the epoch */
} mortise_blob;

/* [start] [worker] Returns 0 to stop a listing. Owner: blob borrowed. */
typedef int32_t (*mortise_blob_sink)(void* context, const mortise_blob* blob);

typedef struct mortise_blobs_v1 {
  uint32_t struct_size;
  /* [start] [worker] Stores bytes; durable when it returns. `sink` learns the key; its result is not looked at. Owner:
   * sink called. */
  mortise_status (*put)(mortise_host* host, mortise_str bytes, mortise_blob_sink sink, void* context,
                        mortise_error* error);
  /* [start] [worker] Stores an uploaded file (of a call) or another blob, without reading it into memory. Owner: file
   * borrowed; sink called. */
  mortise_status (*put_file)(mortise_host* host, mortise_file* file, mortise_blob_sink sink, void* context,
                             mortise_error* error);
  /* [start] [worker] Begins a blob that comes piece by piece: writer, write ..., then finish or abandon. Owner: writer
   * freed by finish or abandon. */
  mortise_status (*writer)(mortise_host* host, mortise_blob_writer** writer, mortise_error* error);
  /* [start] [worker] Appends a piece. One thread at a time per writer. */
  mortise_status (*write)(mortise_blob_writer* writer, mortise_str piece, mortise_error* error);
  /* [start] [worker] Stores what was written; durable when it returns. `sink` learns the key. Owner: writer released;
   * sink called. */
  mortise_status (*finish)(mortise_blob_writer* writer, mortise_blob_sink sink, void* context, mortise_error* error);
  /* [start] [worker] Drops what was written. Owner: writer released. */
  void (*abandon)(mortise_blob_writer* writer);

  /* [start] [worker] What is known of one blob. MORTISE_NOT_FOUND when there is none. Owner: sink called. */
  mortise_status (*stat)(mortise_host* host, mortise_str key, mortise_blob_sink sink, void* context,
                         mortise_error* error);
  /* [start] [worker] Opens for reading, with call/1's file_read, file_size and reply_file. Stays good when the blob is
   * removed meanwhile. reply_file keeps what it needs: close the file whenever you are done with it. Owner: file freed
   * by close. */
  mortise_status (*open)(mortise_host* host, mortise_str key, mortise_file** file, mortise_error* error);
  /* [any] Closes a file that open gave, and no other. Owner: file released. */
  void (*close)(mortise_file* file);
  /* [start] [worker] Removes one blob. MORTISE_NOT_FOUND when there was none. */
  mortise_status (*remove)(mortise_host* host, mortise_str key, mortise_error* error);
  /* [start] [worker] The blobs whose key begins with `prefix` (empty: all) and comes after `after` (empty: from the
   * start), in order, at most `limit` (1..1000). Owner: sink called. */
  mortise_status (*list)(mortise_host* host, mortise_str prefix, mortise_str after, size_t limit,
                         mortise_blob_sink sink, void* context, mortise_error* error);
} mortise_blobs_v1;

MORTISE_END_C
#endif
