/* What a well-made module consists of, so that each file here shows only the one promise it breaks.
 * Redefine before the include: MANIFEST (JSON text), or any of CREATE START STOP DESTROY HANDLE RUN_JOB LOOKUP BINDINGS
 * RUN_COMMAND (a function's name), STRUCT_SIZE, ABI_MAJOR, ABI_MINOR. */
#ifndef MORTISE_TESTS_ABI_PROMISE_H
#define MORTISE_TESTS_ABI_PROMISE_H

#include <string.h>

#include "mortise/abi/call.h"
#include "mortise/abi/module.h"

#define OPERATION(id)                                                                                 \
  "{\"file\":\"contracts/test.yaml\",\"lines\":{\"" id                                                \
  "\":12},\"document\":{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"T\",\"version\":\"1\"},"          \
  "\"x-mortise-dialect\":\"problem\",\"paths\":{\"/api/test/" id "\":{\"get\":{\"operationId\":\"" id \
  "\",\"security\":[],"                                                                               \
  "\"responses\":{\"200\":{\"description\":\"fine\"}}}}}}}"
#define MANIFEST_OF(name, more, contracts)                                  \
  "{\"mortise_manifest\":1,\"module\":{\"name\":\"" name                    \
  "\",\"version\":\"1.0.0\",\"summary\":\"For tests\",\"sdk\":\"1.0\"" more \
  "},"                                                                      \
  "\"contracts\":[" contracts "],\"migrations\":[],\"messages\":{}}"

#ifndef MANIFEST
#define MANIFEST MANIFEST_OF("tested", "", OPERATION("hello"))
#endif
#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(mortise_module)
#endif
#ifndef ABI_MAJOR
#define ABI_MAJOR MORTISE_ABI_MAJOR
#endif
#ifndef ABI_MINOR
#define ABI_MINOR MORTISE_ABI_MINOR
#endif

static inline mortise_str text_of(const char* text) {
  mortise_str result = {text, strlen(text)};
  return result;
}

#ifndef CREATE
#define CREATE create
static mortise_status create(mortise_host* host, void** self, mortise_error* error) {
  (void)error;
  *self = host;
  return MORTISE_OK;
}
#endif
#ifndef DESTROY
#define DESTROY destroy
static void destroy(void* self) { (void)self; }
#endif
#ifndef START
#define START NULL
#endif
#ifndef STOP
#define STOP NULL
#endif
#ifndef RUN_JOB
#define RUN_JOB NULL
#endif
#ifndef LOOKUP
#define LOOKUP NULL
#endif
#ifndef RUN_COMMAND
#define RUN_COMMAND NULL
#endif
#ifndef HANDLE
#define HANDLE handle
static mortise_status handle(void* self, mortise_str operation_id, mortise_call* call) {
  mortise_host* host = (mortise_host*)self;
  const mortise_call_v1* calls = (const mortise_call_v1*)host->lookup(host, text_of(MORTISE_CALL_V1));
  mortise_reply reply;
  if (operation_id.size != 5 || memcmp(operation_id.data, "hello", 5) != 0) return MORTISE_NOT_FOUND;
  memset(&reply, 0, sizeof reply);
  reply.struct_size = sizeof reply;
  reply.status = 200;
  reply.json = text_of("{\"hello\":true}");
  return calls->reply(call, &reply);
}
#endif
#ifndef BINDINGS
#define BINDINGS bindings
static void bindings(void* self, void (*each)(void*, char, mortise_str), void* context) {
  (void)self;
  each(context, 'o', text_of("hello"));
}
#endif

#ifndef DESCRIPTOR
#define DESCRIPTOR mortise_module_v1
#endif
#ifndef SECTION
#define SECTION MORTISE_MANIFEST_SECTION
#endif
static const char kManifest[] __attribute__((section(SECTION), used)) = MANIFEST;
static const size_t kManifestSize = sizeof kManifest - 1;
#ifndef MANIFEST_POINTER
#define MANIFEST_POINTER kManifest
#endif

MORTISE_EXTERN_C MORTISE_EXPORT const mortise_module DESCRIPTOR;
const mortise_module DESCRIPTOR = {STRUCT_SIZE, ABI_MAJOR, ABI_MINOR, MANIFEST_POINTER, &kManifestSize,
                                   CREATE,      START,     STOP,      DESTROY,          HANDLE,
                                   RUN_JOB,     LOOKUP,    BINDINGS,  RUN_COMMAND};

#endif
