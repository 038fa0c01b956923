/* Needs a revision that this kernel does not serve. */
#define MANIFEST MANIFEST_OF("tested", ",\"needs\":[\"log/1\",\"db/2\"]", OPERATION("hello"))
#include "promise.h"
