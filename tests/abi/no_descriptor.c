/* Exports its descriptor under another name. */
#define DESCRIPTOR my_module
#include "promise.h"
