/* Needs functions that this kernel does not have. */
#define ABI_MINOR 7
#include "promise.h"
