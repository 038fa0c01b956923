/* Fine alone; route_two.c claims the same route. */
#define MANIFEST MANIFEST_OF("route_one", "", OPERATION("hello"))
#include "promise.h"
