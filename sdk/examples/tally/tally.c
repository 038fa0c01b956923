#include <mortise/abi/call.h>
#include <mortise/abi/module.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tally {
  const mortise_call_v1* call;
  atomic_llong count; /* handlers run on several threads at once */
} tally;

static mortise_str str(const char* text, size_t size) { return (mortise_str){text, size}; }

/* [create] */
static mortise_status create(mortise_host* host, void** self, mortise_error* error) {
  tally* made = calloc(1, sizeof *made);
  if (made == NULL) return MORTISE_FAILED;
  made->call = host->lookup(host, str(MORTISE_CALL_V1, sizeof MORTISE_CALL_V1 - 1));
  if (made->call == NULL) {
    snprintf(error->text, sizeof error->text, "%s is not served", MORTISE_CALL_V1);
    free(made);
    return MORTISE_UNAVAILABLE;
  }
  *self = made;
  return MORTISE_OK;
}
/* [/create] */

static void destroy(void* self) { free(self); }

/* [handle] */
static mortise_status handle(void* self, mortise_str operation_id, mortise_call* call) {
  if (operation_id.size != 5 || memcmp(operation_id.data, "count", 5) != 0) return MORTISE_FAILED;
  tally* me = self;
  char json[64];
  const int size = snprintf(json, sizeof json, "{\"count\":%lld}", atomic_fetch_add(&me->count, 1) + 1);
  const mortise_reply reply = {.struct_size = sizeof reply, .status = 200, .json = str(json, (size_t)size)};
  return me->call->reply(call, &reply) == MORTISE_FAILED ? MORTISE_FAILED : MORTISE_OK;
}
/* [/handle] */

static void bindings(void* self, void (*each)(void* context, char kind, mortise_str id), void* context) {
  (void)self;
  each(context, 'o', str("count", 5));
}

/* [descriptor] */
extern MORTISE_EXPORT const mortise_module mortise_module_v1;
const mortise_module mortise_module_v1 = {
    .struct_size = sizeof(mortise_module),
    .abi_major = MORTISE_ABI_MAJOR,
    .abi_minor = MORTISE_MODULE_MINOR,
    .manifest = mortise_manifest,
    .manifest_size = &mortise_manifest_size,
    .create = create,
    .destroy = destroy,
    .handle = handle,
    .bindings = bindings,
};
/* [/descriptor] */
