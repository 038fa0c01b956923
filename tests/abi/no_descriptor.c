/* Exports its descriptor under a name of its own. */
#define DESCRIPTOR my_module
#include "promise.h"
