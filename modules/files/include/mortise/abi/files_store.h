/* files.store/1: the files that people see at /api/files, for modules that make some or work on them. Offered by the
 * module files.
 *
 * A module that has this interface reaches every file: whose it is, and who may see it, is for the caller to ask. Names
 * are made safe (directory parts, control bytes, length), types are looked up from the content; the operator's limits
 * (files.max_size, files.allowed_types) hold here, too.
 *
 * Get it in start(), not before: host->lookup(host, "files.store/1"), with files.store/1 under needs or optional.
 * Threads: [worker] and [start], except close: [any]. Every function but close takes `context` of the table.
 * Ownership: every text is copied; what a sink is given lives for that call only.
 * Errors: MORTISE_NOT_FOUND file_not_found, file_content_gone; MORTISE_INVALID payload_too_large, type_not_allowed,
 *   bad_limit, bad_filepath, null; MORTISE_UNAVAILABLE, MORTISE_FULL (database or blobs).
 * Since: files 1.0. */
#ifndef MORTISE_ABI_FILES_STORE_H
#define MORTISE_ABI_FILES_STORE_H

#include "mortise/abi/base.h"
#include "mortise/abi/call.h"

#define MORTISE_FILES_STORE_V1 "files.store/1"

MORTISE_BEGIN_C

/* A file as it is kept. */
typedef struct mortise_stored_file {
  uint32_t struct_size;
  mortise_str id;       /* UUID; of two files the newer one has the greater id */
  mortise_str owner_id; /* user id; empty: nobody's, for administrators only */
  mortise_str filename;
  mortise_str extension;     /* with its dot, or empty */
  mortise_str key;           /* YYYY/MM/DD/<uuid><extension> */
  mortise_str filepath;      /* as set_filepath set it, else the file's address on this server */
  mortise_str mime_type;     /* as it was named, or empty */
  mortise_str detected_type; /* what the content is */
  mortise_str sha256;        /* hex */
  uint64_t size;
  int64_t created_at; /* microseconds since the epoch */
} mortise_stored_file;

typedef struct mortise_new_file {
  uint32_t struct_size;
  mortise_str owner_id;  /* user id; empty: nobody's */
  mortise_str filename;  /* empty: upload.bin */
  mortise_str mime_type; /* may be empty; what can't stand in a header field counts as empty */
} mortise_new_file;

/* [start] [worker] Returns 0 to stop a listing; elsewhere its result is not looked at. Owner: file borrowed. */
typedef int32_t (*mortise_stored_file_sink)(void* context, const mortise_stored_file* file);

typedef struct mortise_files_store_v1 {
  uint32_t struct_size;
  void* context; /* hand it to each function */

  /* [start] [worker] Stores a file of a call, or one that blobs/1, objects/1 or this interface opened. Durable when it
   * returns. Owner: wanted borrowed; content borrowed; sink called. */
  mortise_status (*put)(void* context, const mortise_new_file* wanted, mortise_file* content,
                        mortise_stored_file_sink sink, void* sink_context, mortise_error* error);
  /* [start] [worker] Stores bytes. Durable when it returns. Owner: wanted borrowed; sink called. */
  mortise_status (*put_bytes)(void* context, const mortise_new_file* wanted, mortise_str content,
                              mortise_stored_file_sink sink, void* sink_context, mortise_error* error);
  /* [start] [worker] One file. Owner: sink called. */
  mortise_status (*find)(void* context, mortise_str id, mortise_stored_file_sink sink, void* sink_context,
                         mortise_error* error);
  /* [start] [worker] Files of one owner (empty: nobody's), newest first, older than the file `before` (empty: from the
   * newest), at most `limit` (1..1000). Owner: sink called. */
  mortise_status (*list)(void* context, mortise_str owner_id, mortise_str before, size_t limit,
                         mortise_stored_file_sink sink, void* sink_context, mortise_error* error);
  /* [start] [worker] Opens the content, with call/1's file_read, file_size and send_file. Stays good when the file is
   * removed meanwhile. Owner: content freed by close. */
  mortise_status (*open)(void* context, mortise_str id, mortise_file** content, mortise_error* error);
  /* [any] Closes a file that open gave, and no other. Owner: content released. */
  void (*close)(mortise_file* content);
  /* [start] [worker] Removes a file. MORTISE_NOT_FOUND when there was none. */
  mortise_status (*remove)(void* context, mortise_str id, mortise_error* error);
  /* [start] [worker] Where a copy of the file lies for its owner, such as a path in a sandbox: 1 to 4096 bytes of
   * UTF-8. Empty: back to its address. */
  mortise_status (*set_filepath)(void* context, mortise_str id, mortise_str filepath, mortise_error* error);
  /* [start] [worker] Those of the files that there are, in no order; at most 1000 ids. Absent in older tables: look at
   * MORTISE_HAS. Owner: ids borrowed; sink called. */
  mortise_status (*find_all)(void* context, const mortise_str* ids, size_t ids_count, mortise_stored_file_sink sink,
                             void* sink_context, mortise_error* error);
} mortise_files_store_v1;

MORTISE_END_C
#endif
