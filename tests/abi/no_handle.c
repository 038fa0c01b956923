/* Has operations but no code for any. */
#define HANDLE NULL
#include "promise.h"
