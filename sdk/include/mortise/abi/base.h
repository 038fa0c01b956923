/* The words every other header of the boundary is written in. Plain C11; also valid C++.
 *
 * Compatibility, in three rules:
 *   1. What a release promised never changes: no field moves, no meaning changes, no function leaves its place.
 *   2. A table or struct only grows at its end. `struct_size` comes first and says how much of it the other side knows;
 *      MORTISE_HAS() asks for one field.
 *   3. A change of meaning is a new interface revision ("db/2"); the old one goes on being served.
 *
 * Every pointer to a function has a comment that begins with its threads and ends with its owners
 * (sdk/abi/rules.py looks).
 *
 * Threads: where it may be called; of a function that the module gives: where it is called.
 *   [start]   while the module comes up or goes down (create, start, stop, destroy), one thread; may block
 *   [loop]    an I/O thread; must return within microseconds and never block
 *   [worker]  a thread of the bounded worker pool, or one of the module's own; may block
 *   [any]     every thread, at any time between create and destroy; never blocks
 *
 * Owners: "Owner: rows freed by rows_close; types borrowed." says of each pointer, and of what it points to, whose it
 * is. `result` is what the function returns.
 *   borrowed       the callee uses it until it returns, and no longer
 *   called         a function that the callee calls, with `context`, before it returns, on the same thread; not later
 *   filled         the caller's memory, which the callee writes into
 *   kept until X   the callee keeps it until X
 *   lives until X  the callee hands it out and goes on owning it; it is good until X
 *   freed by X     the callee hands it out, and the caller owns it until the caller calls X
 *   released       the callee ends it: it is no good after the call, whatever the call returns
 * Four mean the same everywhere and need no word: the first argument, which is what the function works on (borrowed,
 * unless it is released); `error` (filled; may be NULL); `context` and what ends in _context (handed back to the
 * function that came with it, and never looked into); a mortise_str argument (borrowed: the callee copies what it
 * keeps).
 * Who allocates, frees. No exception ever crosses.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_BASE_H
#define MORTISE_ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#define MORTISE_ABI_MAJOR 1
#define MORTISE_ABI_MINOR 1

/* The least kernel minor that the module being compiled needs. mortise_add_module() takes it from `sdk` in module.yaml, so
 * that a module which says 1.0 and uses nothing newer also loads into kernels of 1.0, whichever SDK compiled it. */
#ifndef MORTISE_MODULE_MINOR
#define MORTISE_MODULE_MINOR MORTISE_ABI_MINOR
#endif

#ifdef __cplusplus
#define MORTISE_EXTERN_C extern "C"
#define MORTISE_BEGIN_C extern "C" {
#define MORTISE_END_C }
#else
#define MORTISE_EXTERN_C extern
#define MORTISE_BEGIN_C
#define MORTISE_END_C
#endif
#define MORTISE_EXPORT __attribute__((visibility("default")))

/* True when the struct that `pointer` points to, made by the other side, is long enough to contain `field`. */
#define MORTISE_HAS(pointer, type, field) ((pointer)->struct_size >= offsetof(type, field) + sizeof(((type*)0)->field))

MORTISE_BEGIN_C

/* Bytes with a length; UTF-8 unless said otherwise; not NUL-terminated. data may be NULL when size is 0. */
typedef struct mortise_str {
  const char* data;
  size_t size;
} mortise_str;

/* Result of almost every function. New values may be added at the end; treat an unknown one as MORTISE_FAILED. */
typedef enum mortise_status {
  MORTISE_OK = 0,
  MORTISE_FAILED = 1,  /* unexpected; the kernel has logged it */
  MORTISE_INVALID = 2, /* an argument breaks a rule; see mortise_error.code */
  MORTISE_NOT_FOUND = 3,
  MORTISE_EXISTS = 4,      /* a unique value is taken */
  MORTISE_DENIED = 5,      /* wrong secret, or not allowed */
  MORTISE_UNAVAILABLE = 6, /* database, cache, mail ... down, locked or busy; try again later */
  MORTISE_FULL = 7,        /* disk, queue or quota full */
  MORTISE_TIMEOUT = 8,
  MORTISE_CLOSED = 9,   /* the client, stream or transaction is gone */
  MORTISE_PENDING = 10, /* handle(): the reply comes later (the call was retained) */
  MORTISE_STATUS_SIZE_ = 0x7fffffff
} mortise_status;

/* Why a host function did not return MORTISE_OK. The caller owns it (usually on its stack), sets struct_size, and may
 * pass NULL instead. `code` is a stable lower_snake word ("email_taken"), `text` says it for a log; both are cut if
 * needed. All NUL-terminated. */
typedef struct mortise_error {
  uint32_t struct_size;
  int32_t retry_after; /* seconds; 0 = not known */
  char code[64];
  char text[256];
  char details[512]; /* JSON object with what belongs to the code; empty when there is none, or no room for it whole */
} mortise_error;

typedef enum mortise_type {
  MORTISE_NULL = 0,
  MORTISE_BOOLEAN = 1,
  MORTISE_INTEGER = 2,
  MORTISE_REAL = 3,
  MORTISE_TEXT = 4,
  MORTISE_LIST = 5,   /* JSON only */
  MORTISE_OBJECT = 6, /* JSON only */
  MORTISE_TYPE_SIZE_ = 0x7fffffff
} mortise_type;

/* A tagged scalar: options, parameters, columns. Fixed size for ever. */
typedef struct mortise_value {
  mortise_type type;
  union {
    int32_t boolean;
    int64_t integer;
    double real;
    mortise_str text;
  } as;
} mortise_value;

typedef struct mortise_pair {
  mortise_str name;
  mortise_str value;
} mortise_pair;

/* One field that broke one rule. `location` is a path joined by '/': "body/email", "query/page". `rule` is a catalogue
 * word: missing, string_too_short, ...; its parameters fill the catalogue text. */
typedef struct mortise_field_error {
  mortise_str location;
  mortise_str rule;
  const mortise_pair* params;
  size_t params_count;
} mortise_field_error;

/* A refusal, as a module raises it. The kernel's dialect turns it into the family's error body. Everything is copied.
 */
typedef struct mortise_problem {
  uint32_t struct_size;
  int32_t status;      /* HTTP status 400..599 */
  mortise_str code;    /* catalogue key; lower_snake */
  mortise_str details; /* JSON object with further members, or empty */
  mortise_str note;    /* for the log only */
  const mortise_pair* params;
  size_t params_count;
  const mortise_field_error* errors;
  size_t errors_count;
  const mortise_pair* fields; /* further reply header fields */
  size_t fields_count;
  int32_t retry_after; /* seconds, 0 = none */
} mortise_problem;

MORTISE_END_C
#endif
