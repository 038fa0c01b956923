/* Says that its descriptor is longer than it is. */
#define STRUCT_SIZE 4096
#include "promise.h"
