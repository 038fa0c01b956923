/* Another ABI altogether. */
#define ABI_MAJOR 2
#include "promise.h"
