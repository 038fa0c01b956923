/* json/1: a parsed JSON body, read in place. The kernel parsed and validated it once; nothing is parsed again.
 *
 * A node belongs to the call it came from and lives as long as that call. All functions [any], none allocates. A wrong
 * kind of node gives the neutral answer (0, NULL, empty), never undefined behaviour; NULL nodes are allowed everywhere.
 * Since: SDK 1.0. */
#ifndef MORTISE_ABI_JSON_H
#define MORTISE_ABI_JSON_H

#include "module.h"

#define MORTISE_JSON_V1 "json/1"

MORTISE_BEGIN_C

typedef struct mortise_json mortise_json;

typedef struct mortise_json_v1 {
  uint32_t struct_size;
  /* [any] The kind of a node; MORTISE_NULL for NULL. */
  mortise_type (*type)(const mortise_json* node);
  /* [any] 1 for true. */
  int32_t (*boolean)(const mortise_json* node);
  /* [any] A number; a real is cut towards zero; out of range gives 0. */
  int64_t (*integer)(const mortise_json* node);
  /* [any] A number. */
  double (*real)(const mortise_json* node);
  /* [any] A text. Owner: result lives until the call ends. */
  mortise_str (*text)(const mortise_json* node);
  /* [any] The number of elements of a list, or of members of an object. */
  size_t (*size)(const mortise_json* node);
  /* [any] The index-th element of a list; NULL past its end. Owner: result lives until the call ends. */
  const mortise_json* (*at)(const mortise_json* node, size_t index);
  /* [any] A member of an object; NULL when absent. Owner: result lives until the call ends. */
  const mortise_json* (*member)(const mortise_json* node, mortise_str name);
  /* [any] The name of the index-th member of an object. Owner: result lives until the call ends. */
  mortise_str (*name_at)(const mortise_json* node, size_t index);
  /* [any] The value of the index-th member of an object; NULL past its end. Owner: result lives until the call ends. */
  const mortise_json* (*value_at)(const mortise_json* node, size_t index);
  /* [any] The compact JSON text of the node, given to `sink` once. The one function here that allocates. Owner: sink
   * called. */
  void (*write)(const mortise_json* node, void (*sink)(void* context, mortise_str text), void* context);
} mortise_json_v1;

MORTISE_END_C
#endif
