/* Needs an interface that no module and no kernel offers. */
#define MANIFEST MANIFEST_OF("tested", ",\"needs\":[\"moon.phase/1\"]", OPERATION("hello"))
#include "promise.h"
