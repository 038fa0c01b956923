/* Its manifest has a command that the code does not have. */
#include "mortise/abi/module.h"
static mortise_status run(void* self, mortise_str name, mortise_command* command, int32_t* exit_status,
                          mortise_error* error) {
  (void)self, (void)name, (void)command, (void)exit_status, (void)error;
  return MORTISE_OK;
}
#define RUN_COMMAND run
#define MANIFEST MANIFEST_OF("tested", ",\"commands\":{\"print\":{\"help\":\"h\"}}", OPERATION("hello"))
#include "promise.h"
