/* Needs an interface that nobody serves. */
#define MANIFEST MANIFEST_OF("tested", ",\"needs\":[\"moon.phase/1\"]", OPERATION("hello"))
#include "promise.h"
