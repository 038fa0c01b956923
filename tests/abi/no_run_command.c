/* Its manifest has a command, and the table ends where that of SDK 1.0 did. */
#include "mortise/abi/module.h"
#define STRUCT_SIZE (offsetof(mortise_module, bindings) + sizeof(void*))
#define MANIFEST MANIFEST_OF("tested", ",\"commands\":{\"print\":{\"help\":\"h\"}}", OPERATION("hello"))
#include "promise.h"
