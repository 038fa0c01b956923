/* What released/greet-1.0-x86_64.so was built from, with the headers and the embed tool of SDK 1.0:
 *   mortise-embed . -o manifest.c
 *   cc -std=c11 -Os -I.../include -fPIC -fvisibility=hidden -shared -s -Wl,--version-script=module.map greet.c
 * manifest.c The binary is not rebuilt: it stands for all modules that are out there. */
#include <mortise/abi/call.h>
#include <mortise/abi/log.h>
#include <mortise/abi/module.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct greet {
  mortise_host* host;
  const mortise_call_v1* call;
  const mortise_json_v1* json;
  const mortise_log_v1* log;
} greet;

static mortise_str str(const char* text) { return (mortise_str){text, strlen(text)}; }
static int same(mortise_str a, const char* b) { return a.size == strlen(b) && memcmp(a.data, b, a.size) == 0; }

static mortise_status create(mortise_host* host, void** self, mortise_error* error) {
  greet* made = calloc(1, sizeof *made);
  if (made == NULL) return MORTISE_FAILED;
  made->host = host;
  made->call = host->lookup(host, str(MORTISE_CALL_V1));
  made->json = host->lookup(host, str(MORTISE_JSON_V1));
  made->log = host->lookup(host, str(MORTISE_LOG_V1));
  if (made->call == NULL || made->json == NULL || made->log == NULL) {
    snprintf(error->text, sizeof error->text, "call/1, json/1 or log/1 is not served");
    free(made);
    return MORTISE_UNAVAILABLE;
  }
  *self = made;
  return MORTISE_OK;
}

static mortise_status start(void* self, mortise_error* error) {
  (void)error;
  greet* me = self;
  me->log->write(me->host, MORTISE_LOG_INFO, str("greet of SDK 1.0 is up"), NULL, 0);
  return MORTISE_OK;
}

static void destroy(void* self) { free(self); }

static mortise_status hello(greet* me, mortise_call* call) {
  mortise_value name;
  if (me->call->parameter(call, MORTISE_IN_PATH, str("name"), 0, &name) != MORTISE_OK) return MORTISE_FAILED;
  char json[128];
  const int size =
      snprintf(json, sizeof json, "{\"greeting\":\"hello %.*s\"}", (int)name.as.text.size, name.as.text.data);
  const mortise_reply reply = {.struct_size = sizeof reply, .status = 200, .json = {json, (size_t)size}};
  return me->call->reply(call, &reply);
}

static void answer(void* context, mortise_str text) {
  void** both = context;
  const greet* me = both[0];
  const mortise_reply reply = {.struct_size = sizeof reply, .status = 200, .json = text};
  me->call->reply(both[1], &reply);
}

static mortise_status echo(greet* me, mortise_call* call) {
  const mortise_json* text = me->json->member(me->call->body(call), str("text"));
  if (me->json->text(text).size == 0) {
    const mortise_problem problem = {.struct_size = sizeof problem, .status = 409, .code = str("nothing_said")};
    return me->call->fail(call, &problem);
  }
  void* both[2] = {me, call};
  me->json->write(text, answer, both);
  return MORTISE_OK;
}

static mortise_status handle(void* self, mortise_str operation_id, mortise_call* call) {
  if (same(operation_id, "greet")) return hello(self, call);
  if (same(operation_id, "echo")) return echo(self, call);
  return MORTISE_FAILED;
}

static void bindings(void* self, void (*each)(void* context, char kind, mortise_str id), void* context) {
  (void)self;
  each(context, 'o', str("greet"));
  each(context, 'o', str("echo"));
}

extern MORTISE_EXPORT const mortise_module mortise_module_v1;
const mortise_module mortise_module_v1 = {
    .struct_size = sizeof(mortise_module),
    .abi_major = MORTISE_ABI_MAJOR,
    .abi_minor = MORTISE_ABI_MINOR,
    .manifest = mortise_manifest,
    .manifest_size = &mortise_manifest_size,
    .create = create,
    .start = start,
    .destroy = destroy,
    .handle = handle,
    .bindings = bindings,
};
