/* Its contract promises what the code does not have. */
#define MANIFEST MANIFEST_OF("tested", "", OPERATION("hello") "," OPERATION("goodbye"))
#include "promise.h"
