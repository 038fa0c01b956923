/* Fine alone; route_one.c claims the same route. */
#define MANIFEST MANIFEST_OF("route_two", "", OPERATION("hello"))
#include "promise.h"
